import type { DiskView } from '@/api/types'
import { adoptedState, diskName } from '@/components/disks'
import { diskPath } from '@/lib/paths'
import { day } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { useDiskWords } from '@/lib/words/disks'
import { deedsOf, isWorkedOn, type Deed, type Wish } from '@/pages/storage/care'
import { Button } from '@/ui/Button'
import { Link } from '@/ui/Link'

/** What was done to a disk alone, and what can be done with it. */
export function DiskCare({ disk, onWish }: { disk: DiskView; onWish: (wish: Wish) => void }) {
  const t = useWords()
  const d = useDiskWords()
  const locale = useLocale()
  const { work, kept, adopted = [] } = disk
  const deeds = deedsOf(disk)
  const nameOf = (deed: Deed): string => deed === 'adopt' || deed === 'release' ? d[deed] : t.diskCare[deed]
  const failed = work?.end?.is === 'failed' ? work.end.reason : undefined
  return (
    <>
      {isWorkedOn(disk) && <p role="status" className="font-medium">{work?.kind === 'restore' ? t.diskCare.restoring : t.diskCare.erasing}</p>}
      {failed !== undefined && <p className="font-medium text-bad break-words">{t.diskCare.failed(failed)}</p>}
      {kept != null && !isWorkedOn(disk) && <p className="text-ink-2">{kept.untouched ? t.diskCare.canBack(day(new Date(kept.until), locale)) : t.diskCare.noBack}</p>}
      {adopted.map(({ space, name, state }) => <p key={space} className="break-words">{d.usedAs(name)} {adoptedState(d, state)}{state.is === 'there' && <> <Link href={diskPath([name])} className="underline underline-offset-4">{d.open}</Link></>}</p>)}
      {deeds.length > 0 && (
        <div className="mt-1 flex flex-wrap gap-2">
          {deeds.map((deed) => <Button key={deed} look="quiet" aria-label={`${nameOf(deed)}: ${diskName(t, disk, locale)}`} onClick={() => { onWish({ deed, disk }) }}>{nameOf(deed)}</Button>)}
        </div>
      )}
    </>
  )
}
