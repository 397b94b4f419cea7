import { cancelTask } from '@/api/status'
import { explain } from '@/api/problem'
import type { Task } from '@/api/types'
import { say } from '@/lib/notices'
import { useWords } from '@/lib/words'
import { Button } from '@/ui/Button'
import { Meter } from '@/ui/Meter'

/** A task of the box while it runs. */
export function IslandTask({ task }: { task: Task }) {
  const t = useWords()
  const cancel = async (): Promise<void> => {
    try {
      await cancelTask(task.id)
    } catch (error) {
      say(explain(error).sentence, 'bad')
    }
  }
  return (
    <div className="rise pointer-events-auto flex max-w-full items-center gap-4 rounded-full bg-island py-2 pr-2 pl-5 text-sm text-island-ink shadow-lift">
      <span className="truncate">{task.title}</span>
      {task.progress && <div className="w-28"><Meter look="island" value={task.progress.done} max={task.progress.total} label={task.title} /></div>}
      <Button look="island" className="rounded-full" onClick={() => void cancel()}>{t.island.cancelTask}</Button>
    </div>
  )
}
