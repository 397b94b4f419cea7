import { useQueryClient } from '@tanstack/react-query'
import { restoreDisk } from '@/api/disks'
import { keys } from '@/api/keys'
import type { DiskView } from '@/api/types'
import { ErrorNote } from '@/components/ErrorNote'
import { useSubmit } from '@/components/submit'
import { say } from '@/lib/notices'
import { ago } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { Button } from '@/ui/Button'
import { Modal } from '@/ui/Modal'

/** Takes back the erasing of a disk. */
export function BackDialog({ disk, onClose }: { disk: DiskView; onClose: () => void }) {
  const t = useWords()
  const locale = useLocale()
  const client = useQueryClient()
  const submit = useSubmit(async () => {
    const work = await restoreDisk(disk).finally(() => client.invalidateQueries({ queryKey: keys.disks }))
    if (work.end?.is === 'done') say(t.diskCare.tookBack(disk.name))
    onClose()
  })
  const when = disk.kept == null ? '' : ago(new Date(disk.kept.at), locale)
  return (
    <Modal open onClose={onClose} title={t.diskCare.backTitle(disk.name)} lead={t.diskCare.backLead(when)}>
      {submit.error !== undefined && <ErrorNote error={submit.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button look="primary" busy={submit.busy} onClick={() => { submit.onSubmit() }}>{t.diskCare.back}</Button>
      </div>
    </Modal>
  )
}
