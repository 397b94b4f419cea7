import { fileKind } from '@/lib/entries'
import type { Entry } from '@/lib/propfind'
import { useLocale, useWords } from '@/lib/words'
import { bytes, day } from '@/lib/units'
import { Check } from '@/pages/files/Check'
import { Icon } from '@/ui/Icon'

/** A file or folder as a line. */
export function EntryRow({ entry }: { entry: Entry }) {
  const t = useWords()
  const locale = useLocale()
  return (
    <div className="flex h-full items-center gap-3 rounded-2 px-3 group-hover/entry:bg-sunk group-aria-selected/entry:bg-transparent">
      <span data-check className={`grid size-7 place-items-center *:col-start-1 *:row-start-1 ${entry.kind === 'folder' ? 'text-accent' : 'text-ink-3'}`}>
        <Icon name={fileKind(entry)} size={25} />
        <Check />
      </span>
      <span className="min-w-0 flex-1">
        <span data-open={entry.kind === 'folder' || undefined} className={`block max-w-fit truncate font-medium ${entry.kind === 'folder' ? 'cursor-pointer underline-offset-4 hover:underline' : ''}`}>{entry.name}</span>
        {entry.mounted && <span className="block text-[13px] leading-4 text-ink-2">{t.files.shared}</span>}
      </span>
      <span className="hidden w-28 text-sm text-ink-2 sm:block">{entry.modified && day(entry.modified, locale)}</span>
      <span className="tabular w-20 text-right text-sm text-ink-2">{entry.size !== undefined && bytes(entry.size, locale)}</span>
    </div>
  )
}
