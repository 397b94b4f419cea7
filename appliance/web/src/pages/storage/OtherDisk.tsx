import type { DiskView, PoolChange } from '@/api/types'
import { contentsOf, diskName, plugOf, shareHeld } from '@/components/disks'
import { type Words, useLocale, useWords } from '@/lib/words'
import type { Wish } from '@/pages/storage/care'
import { DiskCare } from '@/pages/storage/DiskCare'
import { DiskHealth } from '@/pages/storage/DiskHealth'
import { diskOffers } from '@/pages/storage/offers'
import { OfferButton } from '@/pages/storage/OfferButton'
import { memberName, overwritten, type Scene } from '@/pages/storage/scene'
import { shapes } from '@/pages/storage/shapes'
import { Drive } from '@/ui/Drive'

/** A disk outside of the pool, with its contents in words. */
export function OtherDisk({ scene, disk, onAsk, onWish }: { scene: Scene | undefined; disk: DiskView; onAsk: (change: PoolChange) => void; onWish: ((wish: Wish) => void) | undefined }) {
  const t = useWords()
  const locale = useLocale()
  const offers = scene ? diskOffers(scene, disk) : []
  const busy = scene && busyWords(t, scene, disk)
  const first = disk.label == null && offers[0]?.is !== 'instead' ? 'primary' : 'plain'
  return (
    <li className="flex gap-4">
      <Drive shape={shapes[disk.bus]} look="other" share={shareHeld(disk)} className="h-16 sm:h-20" />
      <div className="flex min-w-0 flex-1 flex-col gap-1 text-sm">
        <h3 className="text-base font-semibold break-words">{diskName(t, disk, locale)}</h3>
        <p className="text-ink-2">{[plugOf(t, disk), ...(disk.serial === '' ? [] : [t.storage.serial(disk.serial)])].join(' · ')}</p>
        {busy !== undefined ? <p className="font-medium">{busy}</p> : disk.runs_from ? <p>{t.storage.system}</p> : (
          <>
            {contentsOf(t, disk, locale).map((line, at) => <p key={at} className="break-words">{line}</p>)}
            {disk.unfit != null && disk.unfit !== 'too_small' && <p className="font-medium text-ink-2">{t.place.unfit[disk.unfit]}</p>}
          </>
        )}
        <DiskHealth disk={disk} />
        {scene && offers.length > 0 && (
          <div className="mt-2 flex flex-wrap gap-2">
            {offers.map((offer, at) => <OfferButton key={`${offer.is} ${String(at)}`} scene={scene} offer={offer} of={diskName(t, disk, locale)} look={at === 0 ? first : 'plain'} onAsk={onAsk} />)}
          </div>
        )}
        {onWish && busy === undefined && <DiskCare disk={disk} onWish={onWish} />}
      </div>
    </li>
  )
}

/** What is being done with a disk that is not in the pool yet. */
function busyWords(t: Words, scene: Scene, disk: DiskView): string | undefined {
  const change = scene.pool.work?.change
  if (!change || overwritten(change) !== disk.id) return undefined
  return change.do === 'replace' ? t.storage.takesPlace(memberName(t, scene, change.member, 'inside')) : t.storage.joining
}
