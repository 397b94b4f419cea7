import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { disksQuery, poolQuery } from '@/api/pool'
import type { PoolChange } from '@/api/types'
import { Loaded } from '@/components/Loaded'
import { OwnersOnly } from '@/components/OwnersOnly'
import { useIsOwner } from '@/components/person'
import { useWords } from '@/lib/words'
import { AwayCard } from '@/pages/storage/AwayCard'
import type { Wish } from '@/pages/storage/care'
import { CareDialog } from '@/pages/storage/CareDialog'
import { CheckedCard } from '@/pages/storage/CheckedCard'
import { LastNote } from '@/pages/storage/LastNote'
import { MendCard } from '@/pages/storage/MendCard'
import { OthersCard } from '@/pages/storage/OthersCard'
import { PlanDialog } from '@/pages/storage/PlanDialog'
import { PoolCard } from '@/pages/storage/PoolCard'
import { headOf } from '@/pages/storage/sentences'
import { WorkCard } from '@/pages/storage/WorkCard'
import { PageHead } from '@/ui/PageHead'
import { Waiting } from '@/ui/Waiting'

/** The disks: how the data lies on them, how they are, and what can be done. */
export function StoragePage() {
  const t = useWords()
  const owner = useIsOwner()
  return owner ? <OwnersView /> : <><PageHead title={t.nav.storage} /><OwnersOnly /></>
}

function OwnersView() {
  const t = useWords()
  const view = useQuery(poolQuery)
  const disks = useQuery(disksQuery)
  const [asked, setAsked] = useState<PoolChange>()
  const [wish, setWish] = useState<Wish>()
  const head = view.data && headOf(t, view.data)
  // The pool is shown also where the disks cannot be listed; only their names are missing then.
  const listed = disks.data ?? (disks.error === null ? undefined : [])
  return (
    <>
      <PageHead title={head?.title ?? t.nav.storage} lead={head?.lead} />
      <Loaded query={view} lines={6}>
        {(now) => {
          if (now.is === 'absent') return <OthersCard query={disks} scene={undefined} onAsk={setAsked} onWish={now.reason === 'no-root' ? undefined : setWish} />
          if (listed === undefined) return <Waiting label={t.common.loading} lines={6} />
          const scene = { pool: now, disks: listed }
          return (
            <div className="grid gap-4 lg:grid-cols-12">
              <LastNote scene={scene} />
              {now.work != null && <WorkCard key={now.work.since} scene={scene} work={now.work} />}
              <MendCard scene={scene} onAsk={setAsked} />
              <PoolCard scene={scene} onAsk={setAsked} />
              <CheckedCard scene={scene} onAsk={setAsked} />
              <OthersCard query={disks} scene={scene} onAsk={setAsked} onWish={setWish} />
              {asked && <PlanDialog scene={scene} change={asked} onClose={() => { setAsked(undefined) }} />}
            </div>
          )
        }}
      </Loaded>
      <AwayCard />
      {wish && <CareDialog wish={wish} onClose={() => { setWish(undefined) }} />}
    </>
  )
}
