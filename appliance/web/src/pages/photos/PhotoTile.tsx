import { previewUrl, TILE } from '@/api/dav'
import { SmallPicture } from '@/components/SmallPicture'
import { fileKind } from '@/lib/entries'
import type { Entry } from '@/lib/propfind'
import { Icon } from '@/ui/Icon'

/** A picture or film of the timeline; where the box has no small picture of it, its kind and name. */
export function PhotoTile({ person, entry, onOpen }: { person: string; entry: Entry; onOpen: () => void }) {
  const icon = <span className="grid w-full place-items-center gap-2 p-2 text-xs"><Icon name={fileKind(entry)} size={36} /><span className="w-full truncate text-center">{entry.name}</span></span>
  return (
    <button type="button" onClick={onOpen} aria-label={entry.name} title={entry.name} className="grid aspect-square w-full cursor-pointer place-items-center overflow-hidden rounded-[10px] border border-line bg-sunk text-ink-3">
      {entry.previewed ? <SmallPicture src={previewUrl(person, entry, TILE)} otherwise={icon} /> : icon}
    </button>
  )
}
