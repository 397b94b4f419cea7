import type { PoolChange } from '@/api/types'
import { bytes } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { memberOffers } from '@/pages/storage/offers'
import { copies, memberName, missing, overwritten, type Scene } from '@/pages/storage/scene'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'

/** What mends a pool of which a disk is missing: a button for the disk that takes its place, once there is one. */
export function MendCard({ scene, onAsk }: { scene: Scene; onAsk: (change: PoolChange) => void }) {
  const t = useWords()
  const locale = useLocale()
  const [gone] = missing(scene.pool)
  const { work } = scene.pool
  // What lies on a missing disk alone, no other disk brings back.
  if (!gone || copies[scene.pool.protection] <= missing(scene.pool).length || (work?.change.do === 'replace' && work.change.member === gone.number)) return null
  const way = memberOffers(scene, gone).find(({ is }) => is === 'by')
  const disk = way && scene.disks.find(({ id }) => id === overwritten(way.change))
  return (
    <Card className="border-warn lg:col-span-12" title={t.storage.mend}>
      {way && disk ? (
        <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
          <p className="big">{disk.label == null ? t.storage.canStep(disk.name) : t.storage.couldStep(disk.name)}</p>
          <Button look={disk.label == null ? 'primary' : 'plain'} className="whitespace-normal! text-left" onClick={() => { onAsk(way.change) }}>{t.storage.replaceBy(memberName(t, scene, gone.number, 'inside'), disk.name)}</Button>
        </div>
      ) : <p>{t.storage.needsDisk(bytes(gone.size, locale))}</p>}
    </Card>
  )
}
