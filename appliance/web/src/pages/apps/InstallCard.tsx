import { useQuery } from '@tanstack/react-query'
import { installPlanQuery } from '@/api/apps'
import type { StoreEntry } from '@/api/types'
import { Loaded } from '@/components/Loaded'
import { InstallForm } from '@/forms/InstallForm'
import { useAppsWords } from '@/lib/words/apps'
import { Card } from '@/ui/Card'

/** The install of an app, as the box judges it now: what it would mean, or why there is none. `away` says why nothing can run. */
export function InstallCard({ entry, away }: { entry: StoreEntry; away: string | undefined }) {
  const a = useAppsWords()
  const plan = useQuery(installPlanQuery(entry))
  return (
    <Card title={a.install}>
      <Loaded query={plan} lines={5}>
        {(now) => now.refused !== undefined && now.refused.length > 0
          ? (
            <div className="rounded-2 bg-warn-soft px-4 py-3 text-warn">
              <p className="font-semibold">{a.refused}</p>
              <ul className="flex list-disc flex-col pl-5">{now.refused.map((why, at) => <li key={at} className="break-words">{why}</li>)}</ul>
            </div>
          )
          : <InstallForm entry={entry} plan={now} away={away} />}
      </Loaded>
    </Card>
  )
}
