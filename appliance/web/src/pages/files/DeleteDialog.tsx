import { useQueryClient } from '@tanstack/react-query'
import { deleteEntry } from '@/api/dav'
import { restoreItem } from '@/api/kept'
import { keys } from '@/api/keys'
import { isStatus } from '@/api/problem'
import { Confirm } from '@/components/Confirm'
import { say } from '@/lib/notices'
import type { Path } from '@/lib/path'
import type { Entry } from '@/lib/propfind'
import { useWords } from '@/lib/words'

/** Asks, and moves things to the trash one after the other. */
export function DeleteDialog({ person, folder, entries, onClose }: { person: string; folder: Path; entries: readonly Entry[]; onClose: () => void }) {
  const t = useWords()
  const client = useQueryClient()
  const remove = async (): Promise<void> => {
    const failures: unknown[] = []
    const items: string[] = []
    for (const { path, kind, etag } of entries) {
      // A folder's tag changes with anything below it, so only a file must still be what was seen.
      await deleteEntry(person, path, kind === 'file' ? etag : undefined).then((item) => { if (item !== undefined) items.push(item) }, (error: unknown) => {
        // What is gone already is as it should be.
        if (!isStatus(error, 404)) failures.push(error)
      })
    }
    await client.invalidateQueries({ queryKey: keys.folder(folder), exact: true })
    const gone = entries.length - failures.length
    if (failures.length > 0 && entries.length === 1) throw failures[0]
    if (failures.length > 0) say(t.files.partly(failures.length), 'bad')
    else say(t.files.deleted(gone), 'plain', items.length > 0 ? { name: t.files.undo, run: () => bringBack(items) } : undefined)
  }
  const bringBack = async (items: readonly string[]): Promise<void> => {
    const failures: unknown[] = []
    for (const item of items) await restoreItem(person, item).catch((error: unknown) => { failures.push(error) })
    await Promise.all([client.invalidateQueries({ queryKey: keys.folder(folder), exact: true }), client.invalidateQueries({ queryKey: keys.trash })])
    if (failures.length > 0) throw failures[0]
    say(t.files.undone)
  }
  return (
    <Confirm open onClose={onClose} title={t.files.deleteTitle(entries.length, entries[0]?.name ?? '')} lead={entries.length === 1 ? t.files.deleteLeadOne : t.files.deleteLead} action={t.files.delete} onConfirm={remove} />
  )
}
