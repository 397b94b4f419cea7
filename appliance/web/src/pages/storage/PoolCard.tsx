import type { PoolChange } from '@/api/types'
import { bytes } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { MemberTile } from '@/pages/storage/MemberTile'
import { safetyOffers } from '@/pages/storage/offers'
import { OfferButton } from '@/pages/storage/OfferButton'
import type { Scene } from '@/pages/storage/scene'
import { Card } from '@/ui/Card'
import { Drive } from '@/ui/Drive'
import { Meter } from '@/ui/Meter'
import { Pill } from '@/ui/Pill'

/** The disks of the pool as they stand, a free place beside them, and the room that they have together. */
export function PoolCard({ scene, onAsk }: { scene: Scene; onAsk: (change: PoolChange) => void }) {
  const t = useWords()
  const locale = useLocale()
  const { pool } = scene
  const { room } = pool
  const settled = pool.state === 'protected' || pool.state === 'unprotected'
  const safer = safetyOffers(pool)
  return (
    <Card className="lg:col-span-8" title={t.storage.lie} aside={settled && <Pill tone={pool.state === 'protected' ? 'good' : 'plain'}>{t.storage.copies[pool.protection]}</Pill>}>
      <p className="big">{t.storage.room(bytes(room.free, locale))}</p>
      <Meter value={room.used} max={room.usable} label={t.storage.fullness} />
      <p className="text-sm text-ink-2">{t.storage.used(bytes(room.used, locale), bytes(room.usable, locale))} {pool.protection !== 'single' && t.storage.copiesOff}</p>
      <ul className="mt-2 grid gap-3 sm:grid-cols-[repeat(auto-fill,minmax(10.5rem,1fr))]">
        {pool.members.map((member) => <MemberTile key={member.number} scene={scene} member={member} onAsk={onAsk} />)}
        <li className="flex items-center gap-4 rounded-2 border border-dashed border-line p-4 sm:flex-col sm:items-start sm:gap-3">
          <Drive shape="bay" look="free" className="h-16 sm:h-28" />
          <div className="min-w-0 text-sm text-ink-2">
            <p className="font-semibold">{t.storage.freePlace}</p>
            <p>{t.storage.freeHelp}</p>
          </div>
        </li>
      </ul>
      {safer.length > 0 && (
        <details className="mt-1 text-sm">
          <summary className="font-semibold text-ink-2">{t.storage.safety}</summary>
          <div className="mt-2 flex flex-wrap items-center gap-2">
            <p className="mr-2 text-ink-2">{t.storage.safe[pool.protection]}</p>
            {safer.map((offer) => <OfferButton key={offer.is} scene={scene} offer={offer} onAsk={onAsk} />)}
          </div>
        </details>
      )}
    </Card>
  )
}
