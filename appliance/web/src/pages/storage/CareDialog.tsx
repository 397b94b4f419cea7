import { AdoptDialog } from '@/pages/storage/AdoptDialog'
import { BackDialog } from '@/pages/storage/BackDialog'
import type { Wish } from '@/pages/storage/care'
import { EraseDialog } from '@/pages/storage/EraseDialog'
import { LookDialog } from '@/pages/storage/LookDialog'
import { ReleaseDialog } from '@/pages/storage/ReleaseDialog'

/** The dialog for what a person wants to do with a single disk. */
export function CareDialog({ wish: { deed, disk }, onClose }: { wish: Wish; onClose: () => void }) {
  if (deed === 'adopt') return <AdoptDialog disk={disk} onClose={onClose} />
  if (deed === 'release') return <ReleaseDialog adopted={disk.adopted ?? []} onClose={onClose} />
  if (deed === 'look') return <LookDialog disk={disk} onClose={onClose} />
  return deed === 'erase' ? <EraseDialog disk={disk} onClose={onClose} /> : <BackDialog disk={disk} onClose={onClose} />
}
