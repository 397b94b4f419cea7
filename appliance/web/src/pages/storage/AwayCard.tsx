import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { adoptedQuery } from '@/api/disks'
import { disksQuery } from '@/api/pool'
import type { Adopted } from '@/api/types'
import { useDiskWords } from '@/lib/words/disks'
import { ReleaseDialog } from '@/pages/storage/ReleaseDialog'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'

/** What is used as it is and stands at no disk that is listed: nobody could release it there. */
export function AwayCard() {
  const d = useDiskWords()
  const { data = [] } = useQuery(adoptedQuery)
  const [released, setReleased] = useState<Adopted>()
  const disks = useQuery(disksQuery).data
  const listed = new Set(disks?.flatMap(({ adopted }) => adopted ?? []).map(({ space }) => space))
  const away = data.filter(({ space, state }) => disks === undefined ? state.is === 'away' : !listed.has(space))
  if (away.length === 0) return null
  return (
    <Card className="mt-4" title={d.away}>
      <ul className="flex flex-col gap-2">
        {away.map((adopted) => (
          <li key={adopted.space} className="flex flex-wrap items-center gap-3">
            <span className="min-w-0 flex-1 break-words">{adopted.name}</span>
            <Button look="quiet" aria-label={`${d.release}: ${adopted.name}`} onClick={() => { setReleased(adopted) }}>{d.release}</Button>
          </li>
        ))}
      </ul>
      {released && <ReleaseDialog adopted={[released]} onClose={() => { setReleased(undefined) }} />}
    </Card>
  )
}
