import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { uninstallApp } from '@/api/apps'
import { keys } from '@/api/keys'
import type { AppView } from '@/api/types'
import { Confirm } from '@/components/Confirm'
import { navigate } from '@/lib/location'
import { say } from '@/lib/notices'
import { paths } from '@/lib/paths'
import { moment } from '@/lib/units'
import { useLocale } from '@/lib/words'
import { useAppsWords } from '@/lib/words/apps'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'

/** Where an app came from, and the end of it. */
export function FactsCard({ app }: { app: AppView }) {
  const a = useAppsWords()
  const locale = useLocale()
  const client = useQueryClient()
  const [leaving, setLeaving] = useState(false)
  const facts = [[a.version, app.version], [a.source, app.source], [a.since, moment(new Date(app.since), locale)]] as const
  const uninstall = async (): Promise<void> => {
    await uninstallApp(app.id)
    say(a.uninstalled(app.name))
    navigate(paths.apps)
    await Promise.all([keys.apps, keys.store].map((queryKey) => client.invalidateQueries({ queryKey })))
  }
  return (
    <Card title={a.facts}>
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1.5">
        {facts.map(([name, value]) => value !== undefined && value !== '' && (
          <div key={name} className="contents"><dt className="text-ink-2">{name}</dt><dd className="min-w-0 font-medium break-words">{value}</dd></div>
        ))}
      </dl>
      {app.work == null && <div><Button onClick={() => { setLeaving(true) }}>{a.uninstall}</Button></div>}
      <Confirm open={leaving} onClose={() => { setLeaving(false) }} title={a.uninstallTitle(app.name)} lead={a.uninstallLead} action={a.uninstall} onConfirm={uninstall} />
    </Card>
  )
}
