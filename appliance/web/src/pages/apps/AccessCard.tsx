import { useQuery } from '@tanstack/react-query'
import { peopleQuery } from '@/api/people'
import type { Section } from '@/api/settings'
import type { AppView, HostedApp } from '@/api/types'
import { Loaded } from '@/components/Loaded'
import { AccessForm } from '@/forms/AccessForm'
import { useAppsWords } from '@/lib/words/apps'
import { Card } from '@/ui/Card'

/** Who gets to an app. */
export function AccessCard({ app, hosted, section }: { app: AppView; hosted: HostedApp; section: Section<'apps'> }) {
  const a = useAppsWords()
  const people = useQuery(peopleQuery)
  return (
    <Card title={a.access}>
      <p className="text-ink-2">{a.accessLead}</p>
      <Loaded query={people} lines={3}>{(everybody) => <AccessForm key={section.etag} app={app.id} hosted={hosted} section={section} people={everybody} />}</Loaded>
    </Card>
  )
}
