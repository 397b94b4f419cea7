import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { leaving, reachable } from '@/api/reach'
import { say } from '@/lib/notices'
import { useStore } from '@/lib/store'
import { useWords } from '@/lib/words'

/** Says calmly that the box does not answer, and reads everything anew when it does. */
export function Banner() {
  const t = useWords()
  const client = useQueryClient()
  const there = useStore(reachable)
  const going = useStore(leaving)
  const before = useRef(there)
  const told = useRef(going)
  useEffect(() => {
    if (going !== undefined) told.current = going
    if (there && !before.current) {
      if (told.current !== undefined) say(t.reach.back)
      told.current = undefined
      void client.invalidateQueries()
    }
    before.current = there
  }, [there, going, client, t])
  const words = going !== undefined ? t.reach.leaving[going] : there ? undefined : t.reach.lost
  return (
    <div role="status">
      {words !== undefined && <p className="rise bg-warn-soft px-4 py-2.5 text-center text-sm font-medium text-warn">{words}</p>}
    </div>
  )
}
