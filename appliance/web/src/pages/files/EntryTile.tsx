import { previewUrl, TILE } from '@/api/dav'
import { SmallPicture } from '@/components/SmallPicture'
import { fileKind } from '@/lib/entries'
import type { Entry } from '@/lib/propfind'
import { useLocale } from '@/lib/words'
import { bytes, day } from '@/lib/units'
import { Check } from '@/pages/files/Check'
import { Icon } from '@/ui/Icon'

/** A file or folder as a picture. */
export function EntryTile({ person, entry }: { person: string; entry: Entry }) {
  const locale = useLocale()
  const icon = <Icon name={fileKind(entry)} size={44} />
  const facts = [entry.size !== undefined ? bytes(entry.size, locale) : '', entry.modified ? day(entry.modified, locale) : '']
  return (
    <div className="relative p-2.5">
      <span data-check className="absolute top-2.5 left-2.5 p-2.5"><Check /></span>
      <div className={`grid h-28 place-items-center overflow-hidden rounded-[10px] border border-line bg-sunk ${entry.kind === 'folder' ? 'text-accent' : 'text-ink-3'}`}>
        {entry.previewed ? <SmallPicture src={previewUrl(person, entry, TILE)} otherwise={icon} /> : icon}
      </div>
      <span data-open={entry.kind === 'folder' || undefined} className={`mt-2 block truncate text-sm font-[550] ${entry.kind === 'folder' ? 'cursor-pointer underline-offset-4 hover:underline' : ''}`}>{entry.name}</span>
      <span className="block truncate text-[13px] text-ink-2">{facts.filter(Boolean).join(' · ')}</span>
    </div>
  )
}
