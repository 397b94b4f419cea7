import { useQueryClient } from '@tanstack/react-query'
import { releaseDisk } from '@/api/disks'
import { keys } from '@/api/keys'
import type { Adopted } from '@/api/types'
import { ErrorNote } from '@/components/ErrorNote'
import { useSubmit } from '@/components/submit'
import { say } from '@/lib/notices'
import { useWords } from '@/lib/words'
import { useDiskWords } from '@/lib/words/disks'
import { Button } from '@/ui/Button'
import { Modal } from '@/ui/Modal'

/** Uses a disk as it is no longer. */
export function ReleaseDialog({ adopted, onClose }: { adopted: readonly Adopted[]; onClose: () => void }) {
  const t = useWords()
  const d = useDiskWords()
  const client = useQueryClient()
  const names = adopted.map(({ name }) => name).join(', ')
  const submit = useSubmit(async () => {
    const disks = new Set(adopted.map(({ disk }) => disk))
    await Promise.all([...disks].map(releaseDisk)).finally(() => Promise.all([keys.disks, keys.onDisks([])].map((queryKey) => client.invalidateQueries({ queryKey }))))
    say(d.released(names))
    onClose()
  })
  return (
    <Modal open onClose={onClose} title={d.releaseTitle(names)} lead={d.releaseLead}>
      {submit.error !== undefined && <ErrorNote error={submit.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button look="primary" busy={submit.busy} onClick={() => { submit.onSubmit() }}>{d.release}</Button>
      </div>
    </Modal>
  )
}
