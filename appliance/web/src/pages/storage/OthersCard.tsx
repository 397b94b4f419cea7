import type { DiskView, PoolChange } from '@/api/types'
import { Loaded } from '@/components/Loaded'
import { useWords } from '@/lib/words'
import type { Wish } from '@/pages/storage/care'
import { isFree } from '@/pages/storage/offers'
import { OtherDisk } from '@/pages/storage/OtherDisk'
import { otherDisks, type Scene } from '@/pages/storage/scene'
import { Card } from '@/ui/Card'

interface OthersCardProps {
  query: Parameters<typeof Loaded<DiskView[]>>[0]['query']
  /** None where there is no pool. */
  scene: Scene | undefined
  onAsk: (change: PoolChange) => void
  /** None where the box may do nothing to its disks. */
  onWish: ((wish: Wish) => void) | undefined
}

/** The disks that hold nothing of the pool, each with what is on it and what it can be taken for. */
export function OthersCard({ query, scene, onAsk, onWish }: OthersCardProps) {
  const t = useWords()
  // First what can be taken, and of that what is empty.
  const rank = (disk: DiskView): number => scene && !isFree(scene, disk) ? 2 : disk.label == null ? 0 : 1
  const others = (all: readonly DiskView[]): readonly DiskView[] => scene ? otherDisks({ ...scene, disks: all }).toSorted((a, b) => rank(a) - rank(b)) : all
  return (
    <Card className="lg:col-span-12" title={scene ? t.storage.others : t.place.choose}>
      <Loaded query={query} lines={2} isEmpty={(all) => others(all).length === 0} empty={<p className="text-ink-2">{scene ? t.storage.noOthers : t.storage.noDisks}</p>}>
        {(all) => <ul className="mt-1 grid gap-x-10 gap-y-7 lg:grid-cols-2">{others(all).map((disk) => <OtherDisk key={disk.id} scene={scene} disk={disk} onAsk={onAsk} onWish={onWish} />)}</ul>}
      </Loaded>
    </Card>
  )
}
