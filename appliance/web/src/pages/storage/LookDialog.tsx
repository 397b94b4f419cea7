import { useQuery } from '@tanstack/react-query'
import { insideQuery } from '@/api/disks'
import type { DiskView } from '@/api/types'
import { Loaded } from '@/components/Loaded'
import { useWords } from '@/lib/words'
import { PartInside } from '@/pages/storage/PartInside'
import { Button } from '@/ui/Button'
import { Modal } from '@/ui/Modal'

/** What is in a disk, without anything being written to it. */
export function LookDialog({ disk, onClose }: { disk: DiskView; onClose: () => void }) {
  const t = useWords()
  const inside = useQuery(insideQuery(disk))
  return (
    <Modal open onClose={onClose} title={t.diskCare.lookTitle(disk.name)} lead={t.diskCare.lookLead}>
      <Loaded query={inside} lines={6} isEmpty={({ parts }) => parts.length === 0} empty={<p className="text-ink-2">{t.diskCare.nothing}</p>}>
        {({ parts }) => parts.map((part, at) => <PartInside key={at} part={part} />)}
      </Loaded>
      <div className="flex justify-end"><Button onClick={onClose}>{t.common.close}</Button></div>
    </Modal>
  )
}
