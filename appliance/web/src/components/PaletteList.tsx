import { useId, useState, type KeyboardEvent } from 'react'
import { filterFinds, useFinds } from '@/components/finds'
import { useWords } from '@/lib/words'

/** What is typed and what it finds; arrows move, Enter goes. */
export function PaletteList({ onDone }: { onDone: () => void }) {
  const t = useWords()
  const id = useId()
  const [typed, setTyped] = useState('')
  const finds = useFinds(typed)
  const [at, setAt] = useState(0)
  const found = filterFinds(finds, typed)
  const go = (index: number): void => {
    const find = found[index]
    if (!find) return
    onDone()
    find.go()
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined && found.length > 0) setAt((at + step + found.length) % found.length)
    else if (event.key === 'Enter') go(at)
    else return
    event.preventDefault()
  }
  return (
    <>
      <input
        type="text" role="combobox" aria-expanded={found.length > 0} aria-controls={`${id}-list`} aria-label={t.palette.title} autoComplete="off" spellCheck={false}
        aria-activedescendant={found.length > 0 ? `${id}-${String(at)}` : undefined} placeholder={t.palette.placeholder} value={typed} onKeyDown={onKeyDown}
        onChange={(event) => { setTyped(event.target.value); setAt(0) }} className="border-b border-line bg-transparent px-5 py-4 text-lg outline-none placeholder:text-ink-3"
      />
      {found.length === 0 && <p role="status" className="px-5 py-6 text-ink-2">{t.palette.none}</p>}
      <div id={`${id}-list`} role="listbox" aria-label={t.palette.results} className={`overflow-y-auto p-2 ${found.length === 0 ? 'hidden' : ''}`}>
        {found.map((find, index) => (
          // The keyboard works through the input, as the combobox pattern has it.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
          <div key={find.id} id={`${id}-${String(index)}`} role="option" aria-selected={index === at} onClick={() => { go(index) }} onPointerMove={() => { setAt(index) }}
            className="flex items-center justify-between gap-4 rounded-1 px-3 py-2 aria-selected:bg-accent-soft">
            <span className="truncate">{find.name}</span>
            <span className="text-sm whitespace-nowrap text-ink-2">{t.palette.groups[find.group]}</span>
          </div>
        ))}
      </div>
    </>
  )
}
