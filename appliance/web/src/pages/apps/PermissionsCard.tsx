import type { AppView } from '@/api/types'
import { useAppsWords } from '@/lib/words/apps'
import { Card } from '@/ui/Card'

/** What an app was granted beyond its own network and data, in sentences. */
export function PermissionsCard({ app }: { app: AppView }) {
  const a = useAppsWords()
  return (
    <Card title={a.may}>
      {app.permissions.length === 0 ? <p className="text-ink-2">{a.mayNothing}</p> : (
        <ul className="flex list-disc flex-col gap-1.5 pl-5">
          {app.permissions.map(({ word, means }, at) => <li key={`${word} ${String(at)}`} className="break-words">{means}</li>)}
        </ul>
      )}
    </Card>
  )
}
