import type { Actor } from '@/api/types'
import { useWords } from '@/lib/words'

/** Who caused something, as people say it. */
export function Who({ who }: { who: Actor }) {
  const t = useWords()
  const name = who.kind === 'console' ? t.activity.console : who.kind === 'stranger' ? t.activity.stranger(who.address) : who.name
  return <b className="font-semibold text-ink">{name}</b>
}
