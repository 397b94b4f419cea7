import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { statusQuery } from '@/api/status'
import type { Status } from '@/api/types'
import { Loaded } from '@/components/Loaded'
import { useIsOwner } from '@/components/person'
import { type Words, useLocale, useWords } from '@/lib/words'
import { bytes } from '@/lib/units'
import { LatelyCard } from '@/pages/home/LatelyCard'
import { PeopleCard } from '@/pages/home/PeopleCard'
import { RolesCard } from '@/pages/home/RolesCard'
import { StorageCard } from '@/pages/home/StorageCard'
import { WarningsCard } from '@/pages/home/WarningsCard'
import { PageHead } from '@/ui/PageHead'

const AppsCard = lazy(() => import('@/pages/home/AppsCard').then(({ AppsCard: Card }) => ({ default: Card })))

function sentence(t: Words, status: Status): string {
  return status.gravest ? t.home[status.gravest](status.box_name) : t.home.well(status.box_name)
}

/** One sentence of health, and what it stands on. */
export function HomePage() {
  const t = useWords()
  const locale = useLocale()
  const owner = useIsOwner()
  const status = useQuery(statusQuery)
  return (
    <Loaded query={status} lines={6}>
      {(now) => (
        <>
          <PageHead title={sentence(t, now)} lead={t.home.lead(now.people, now.spaces, bytes(now.pool.free, locale))} />
          <div className="grid gap-4 lg:grid-cols-12">
            {now.warnings > 0 && <WarningsCard />}
            <StorageCard pool={now.pool} />
            <PeopleCard />
            <div className="min-h-44 lg:col-span-12"><Suspense><AppsCard /></Suspense></div>
            {owner && <LatelyCard />}
            <RolesCard status={now} />
          </div>
        </>
      )}
    </Loaded>
  )
}
