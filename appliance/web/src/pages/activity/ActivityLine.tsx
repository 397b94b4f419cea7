import type { AuditEntry } from '@/api/types'
import { Who } from '@/components/Who'
import { useLocale, useWords } from '@/lib/words'
import { clock, moment } from '@/lib/units'
import { Button } from '@/ui/Button'

/** Changes of the settings that nobody takes back: people are removed and spaces archived instead, which keeps their files. */
const FOR_GOOD: readonly string[] = ['claim.owner', 'person.added', 'space.added']

/** One thing that happened. */
export function ActivityLine({ entry, onUndo }: { entry: AuditEntry; onUndo: (entry: AuditEntry) => void }) {
  const t = useWords()
  const locale = useLocale()
  const at = new Date(entry.at)
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2.5">
      <time dateTime={entry.at} title={moment(at, locale)} className="tabular w-18 text-sm whitespace-nowrap text-ink-3">{clock(at, locale)}</time>
      <p className="min-w-0 flex-1 basis-56 break-words"><Who who={entry.who} /> · {entry.sentence}</p>
      {entry.generation != null && !FOR_GOOD.includes(entry.action) && (
        <Button aria-label={`${t.activity.undo}: ${entry.sentence}`} onClick={() => { onUndo(entry) }}>{t.activity.undo}</Button>
      )}
    </li>
  )
}
