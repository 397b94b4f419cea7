import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { reachable } from '@/api/reach'
import { useStore } from '@/lib/store'
import { useWords } from '@/lib/words'

/** Says calmly that the box does not answer, and reads everything anew when it does. */
export function Banner() {
  const t = useWords()
  const client = useQueryClient()
  const there = useStore(reachable)
  const before = useRef(there)
  useEffect(() => {
    if (there && !before.current) void client.invalidateQueries()
    before.current = there
  }, [there, client])
  return (
    <div role="status">
      {!there && <p className="rise bg-warn-soft px-4 py-2.5 text-center text-sm font-medium text-warn">{t.reach.lost}</p>}
    </div>
  )
}
