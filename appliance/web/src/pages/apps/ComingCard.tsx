import type { AppView } from '@/api/types'
import { AppProgress } from '@/components/AppProgress'
import { appPath } from '@/lib/paths'
import { useAppsWords } from '@/lib/words/apps'
import { Card } from '@/ui/Card'
import { Emblem } from '@/ui/Emblem'
import { Link } from '@/ui/Link'

/** What is being done to apps just now, with how far it is. */
export function ComingCard({ apps }: { apps: readonly AppView[] }) {
  const a = useAppsWords()
  if (apps.length === 0) return null
  return (
    <Card title={a.underWay} className="rise">
      <ul className="flex flex-col gap-4">
        {apps.map(({ id, name, work }) => work != null && (
          <li key={id} className="flex items-start gap-4">
            <Emblem id={id} name={name} />
            <div className="min-w-0 flex-1">
              <Link href={appPath(id)} className="font-medium break-words underline-offset-4 hover:underline">{a.works(work.kind, name)}</Link>
              <AppProgress work={work} name={name} />
            </div>
          </li>
        ))}
      </ul>
    </Card>
  )
}
