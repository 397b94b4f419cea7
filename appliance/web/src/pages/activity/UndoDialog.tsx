import { useQuery, useQueryClient } from '@tanstack/react-query'
import { commitQuery, undo } from '@/api/activity'
import { keys } from '@/api/keys'
import { Confirm } from '@/components/Confirm'
import { Loaded } from '@/components/Loaded'
import { flatten } from '@/lib/patch'
import { say } from '@/lib/notices'
import { useWords } from '@/lib/words'

/** Shows what taking a change back would set, and does it. */
export function UndoDialog({ generation, sentence, onClose }: { generation: number; sentence: string; onClose: () => void }) {
  const t = useWords()
  const client = useQueryClient()
  const commit = useQuery(commitQuery(generation))
  const confirm = async (): Promise<void> => {
    await undo(generation)
    await client.invalidateQueries({ queryKey: keys.activity })
    say(t.activity.undone)
  }
  return (
    <Confirm open look="primary" onClose={onClose} title={t.activity.undoTitle} lead={t.activity.undoLead} action={t.activity.undo} onConfirm={confirm}>
      <p className="font-medium">{sentence}</p>
      <Loaded query={commit} lines={2}>
        {({ changes, why }) => (
          <div className="rounded-2 bg-sunk p-4 text-sm">
            {why !== '' && <p className="mb-2 text-ink-2">{t.activity.why(why)}</p>}
            <h3 className="mb-1 font-semibold text-ink-2">{t.activity.what}</h3>
            <ul className="flex flex-col gap-1">
              {Object.entries(changes).flatMap(([section, { inverse }]) => flatten(inverse, [section])).map(({ key, value }) => (
                <li key={key} className="break-words"><code className="font-sans text-ink-2">{key}</code> → <b className="font-semibold">{value ?? t.activity.removed}</b></li>
              ))}
            </ul>
          </div>
        )}
      </Loaded>
    </Confirm>
  )
}
