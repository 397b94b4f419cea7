import { useQuery } from '@tanstack/react-query'
import { erasePlanQuery } from '@/api/disks'
import type { DiskView } from '@/api/types'
import { contentsOf } from '@/components/disks'
import { ErrorNote } from '@/components/ErrorNote'
import { day } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { EraseForm } from '@/pages/storage/EraseForm'
import { Modal } from '@/ui/Modal'
import { Waiting } from '@/ui/Waiting'

/** Shows what erasing a disk takes away before anything is done, and until when it can be taken back. */
export function EraseDialog({ disk, onClose }: { disk: DiskView; onClose: () => void }) {
  const t = useWords()
  const locale = useLocale()
  const plan = useQuery(erasePlanQuery(disk))
  return (
    <Modal open onClose={onClose} title={t.diskCare.eraseTitle(disk.name)}>
      {plan.error !== null && !plan.isFetching ? <ErrorNote error={plan.error} onRetry={() => { void plan.refetch() }} /> : plan.data === undefined ? <Waiting label={t.common.loading} lines={4} /> : (
        <>
          <div className="flex flex-col gap-1 rounded-2 bg-bad-soft px-4 py-3 text-bad">
            <p className="font-semibold">{t.diskCare.lost}</p>
            <ul className="flex list-disc flex-col pl-5 text-sm">{contentsOf(t, { ...disk, holds: plan.data.lost }, locale).map((line, at) => <li key={at} className="break-words">{line}</li>)}</ul>
          </div>
          <p className="text-sm">{t.diskCare.wayBack(day(new Date(plan.data.until), locale))}</p>
          <p className="text-sm text-ink-2">{t.diskCare.notShredded}</p>
          <EraseForm disk={disk} plan={plan.data} onClose={onClose} />
        </>
      )}
    </Modal>
  )
}
