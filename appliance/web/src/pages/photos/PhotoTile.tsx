import { previewUrl, TILE } from '@/api/dav'
import { SmallPicture } from '@/components/SmallPicture'
import { fileKind } from '@/lib/entries'
import type { Entry } from '@/lib/propfind'
import { day } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { Icon } from '@/ui/Icon'

interface PhotoTileProps {
  person: string
  /** `undefined` while it is read, `null` where it cannot be opened. */
  entry: Entry | null | undefined
  at: number
  /** What stands for its name meanwhile. */
  coming: string
  /** Whether the Tab key comes here. */
  reached: boolean
  onOpen: () => void
}

/** A picture or film of the timeline; where the box has no small picture of it, its kind and name. */
export function PhotoTile({ person, entry, at, coming, reached, onOpen }: PhotoTileProps) {
  const t = useWords()
  const locale = useLocale()
  const when = entry?.taken ?? entry?.modified
  const label = entry ? [entry.name, when ? day(when, locale) : ''].filter(Boolean).join(', ') : entry === null ? t.photos.closed : coming
  const icon = entry === null ? <Icon name="image" size={36} /> : entry && <span className="grid w-full place-items-center gap-2 p-2 text-xs"><Icon name={fileKind(entry)} size={36} /><span className="w-full truncate text-center">{entry.name}</span></span>
  return (
    <button type="button" data-at={at} tabIndex={reached ? 0 : -1} onClick={onOpen} aria-label={label} aria-disabled={entry === undefined || undefined} title={entry === null ? t.photos.closed : entry?.name} className="relative grid size-full cursor-pointer place-items-center overflow-hidden rounded-[10px] border border-line bg-sunk text-ink-3">
      {entry?.previewed === true ? <SmallPicture src={previewUrl(person, entry, TILE)} otherwise={icon} /> : icon}
      {entry?.previewed === true && fileKind(entry) === 'video' && <span data-film aria-hidden className="absolute right-1.5 bottom-1.5 rounded-full bg-surface/85 p-1 text-ink"><Icon name="video" size={16} /></span>}
    </button>
  )
}
