/** The tones of emblems; each is a token. */
const tones = ['bg-tone-1', 'bg-tone-2', 'bg-tone-3', 'bg-tone-4', 'bg-tone-5', 'bg-tone-6'] as const

const sizes = { small: 'size-10 rounded-[10px] text-lg', large: 'size-14 rounded-2 text-2xl' } as const

/** The sign of something that brought no picture along: its first letter, in a tone that its id always has. */
export function Emblem({ id, name, size = 'small' }: { id: string; name: string; size?: keyof typeof sizes }) {
  const tone = tones[[...id].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973, 7) % tones.length] ?? tones[0]
  const letter = /[\p{L}\p{N}]/u.exec(name)?.[0] ?? id.slice(0, 1)
  return <span aria-hidden="true" className={`grid shrink-0 place-items-center font-serif text-tone-ink select-none ${tone} ${sizes[size]}`}>{letter.toUpperCase()}</span>
}
