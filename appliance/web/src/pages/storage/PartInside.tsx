import type { InsideEntry, InsidePart } from '@/api/types'
import { bytes, day } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { Icon } from '@/ui/Icon'

/** What is in one file system of a disk. */
export function PartInside({ part }: { part: InsidePart }) {
  const t = useWords()
  const locale = useLocale()
  const name = `${part.name === '' ? t.diskCare.unnamed : part.name} (${part.file_system})`
  const files = (part.whole ? t.diskCare.files : t.diskCare.moreFiles)(part.files)
  return (
    <section className="flex flex-col gap-2 text-sm">
      <h3 className="text-base font-semibold break-words">{name}</h3>
      {part.unshown != null ? <p>{t.diskCare.unshown[part.unshown]}</p> : (
        <>
          <p className="text-ink-2">{t.diskCare.usedOf(bytes(part.used, locale), bytes(part.size, locale), files)}</p>
          {part.top.length === 0 && <p>{t.diskCare.emptyPart}</p>}
          <Entries title={t.diskCare.top} entries={part.top} />
          <Entries title={t.diskCare.newest} entries={part.newest} />
        </>
      )}
    </section>
  )
}

function Entries({ title, entries }: { title: string; entries: readonly InsideEntry[] }) {
  const locale = useLocale()
  if (entries.length === 0) return null
  return (
    <>
      <h4 className="font-semibold text-ink-2">{title}</h4>
      {/* A region that scrolls must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <ul tabIndex={0} aria-label={title} className="flex max-h-48 flex-col gap-1 overflow-y-auto rounded-1 bg-sunk p-3">
        {entries.map((entry) => (
          <li key={entry.path} className="flex items-baseline gap-2">
            <span className="min-w-0 flex-1 break-words">{entry.folder && <span className="mr-1.5 inline-block align-text-bottom text-ink-3"><Icon name="folder" size={16} /></span>}{entry.path}</span>
            <span className="shrink-0 text-ink-3">{[...(entry.folder ? [] : [bytes(entry.size, locale)]), ...(entry.modified == null ? [] : [day(new Date(entry.modified), locale)])].join(' · ')}</span>
          </li>
        ))}
      </ul>
    </>
  )
}
