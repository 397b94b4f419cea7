import type { Section } from '@/api/settings'
import type { AppView, HostedApp } from '@/api/types'
import { ErrorNote } from '@/components/ErrorNote'
import { useSubmit } from '@/components/submit'
import { useSave } from '@/forms/section'
import { bytes } from '@/lib/units'
import { useLocale } from '@/lib/words'
import { useAppsWords } from '@/lib/words/apps'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Pill } from '@/ui/Pill'

/** Whether an app reaches the internet, and what came and went. */
export function WayOutCard({ app, hosted, section }: { app: AppView; hosted: HostedApp; section: Section<'apps'> }) {
  const a = useAppsWords()
  const locale = useLocale()
  const save = useSave('apps', section)
  const open = hosted.way_out === 'open'
  const turn = useSubmit(() => save({ [app.id]: { way_out: open ? 'closed' : 'open' } }))
  const { received, sent, denied } = app.traffic
  const facts = [[a.received, bytes(received, locale)], [a.sent, bytes(sent, locale)], [a.denied, denied.toLocaleString(locale)]] as const
  return (
    <Card title={a.wayOut} aside={<Pill tone={open ? 'warn' : 'good'}>{open ? a.wayOpen : a.wayClosed}</Pill>}>
      <p className="text-ink-2">{open ? a.openMeans : a.closedMeans}</p>
      <dl className="flex flex-wrap gap-x-8 gap-y-2">
        {facts.map(([name, value]) => <div key={name}><dt className="text-sm text-ink-2">{name}</dt><dd className="tabular font-medium">{value}</dd></div>)}
      </dl>
      <p className="text-sm text-ink-2">{a.countedSince}</p>
      {turn.error !== undefined && <ErrorNote error={turn.error} />}
      <div><Button busy={turn.busy} onClick={() => { turn.onSubmit() }}>{open ? a.closeWay : a.openWay}</Button></div>
    </Card>
  )
}
