import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { tasksQuery } from '@/api/status'
import { IslandTask } from '@/components/IslandTask'
import { IslandUploads } from '@/components/IslandUploads'
import { NoticeButton } from '@/components/NoticeButton'
import { usePerson } from '@/components/person'
import { uploadsOf } from '@/components/uploads'
import { notice } from '@/lib/notices'
import { useStore } from '@/lib/store'
import { useWords } from '@/lib/words'

/** Floats above the page and tells of everything that takes longer than a second, and of what was just done. */
export function Island() {
  const t = useWords()
  const { name } = usePerson()
  const { queue, summary } = uploadsOf(name)
  const uploads = useStore(summary)
  const said = useStore(notice)
  const { data: tasks = [] } = useQuery(tasksQuery)
  const [open, setOpen] = useState(false)
  const running = tasks.filter(({ state }) => state.is === 'running')
  const busy = uploads.open > 0 || uploads.failed.length > 0 || uploads.done > 0
  return (
    <aside aria-label={t.island.label} className="no-print pointer-events-none fixed inset-x-0 bottom-[calc(4.5rem+env(safe-area-inset-bottom))] z-30 flex flex-col items-center gap-2 px-3 md:bottom-6 md:pl-[13.5rem]">
      <div role="status" className="contents">
        {said && (
          <p key={said.id} className={`rise pointer-events-auto max-w-full rounded-full px-5 py-2.5 text-sm shadow-lift ${said.tone === 'bad' ? 'bg-bad-soft text-bad' : 'bg-island text-island-ink'}`}>{said.text}{said.action && <NoticeButton key={said.id} action={said.action} />}</p>
        )}
      </div>
      {running.map((task) => <IslandTask key={task.id} task={task} />)}
      {busy && <IslandUploads uploads={uploads} queue={queue} open={open} onOpen={setOpen} />}
    </aside>
  )
}
