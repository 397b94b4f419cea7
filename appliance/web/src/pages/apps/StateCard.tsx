import { useQueryClient } from '@tanstack/react-query'
import { restartApp } from '@/api/apps'
import { keys } from '@/api/keys'
import type { Section } from '@/api/settings'
import type { AppView } from '@/api/types'
import { AppProgress } from '@/components/AppProgress'
import { stateTones, stateWord } from '@/components/apps'
import { ErrorNote } from '@/components/ErrorNote'
import { useSubmit } from '@/components/submit'
import { useSave } from '@/forms/section'
import { say } from '@/lib/notices'
import { ago } from '@/lib/units'
import { useLocale } from '@/lib/words'
import { useAppsWords } from '@/lib/words/apps'
import { PartLine } from '@/pages/apps/PartLine'
import { doing } from '@/pages/apps/sentences'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Pill } from '@/ui/Pill'

/** How an app does, part by part; start, stop and start again. */
export function StateCard({ app, section }: { app: AppView; section: Section<'apps'> | undefined }) {
  const a = useAppsWords()
  const locale = useLocale()
  const client = useQueryClient()
  const save = useSave('apps', section)
  const running = section?.value[app.id]?.running
  const turn = useSubmit(() => save({ [app.id]: { running: running !== true } }))
  const again = useSubmit(async () => { await restartApp(app.id); say(a.restarted); await client.invalidateQueries({ queryKey: keys.apps }) })
  const error = turn.error ?? again.error
  const busy = app.work != null || turn.busy || again.busy
  return (
    <Card title={a.how} className="lg:col-span-2" aside={<Pill tone={stateTones[app.state]}>{stateWord(a, app)}</Pill>}>
      <p className="big break-words">{doing(a, app)}</p>
      {app.work != null && <AppProgress work={app.work} name={app.name} />}
      {app.failed != null && app.work == null && (
        <div className="rounded-2 bg-bad-soft px-4 py-3 text-bad">
          <p className="font-semibold">{a.failed(app.failed.kind, ago(new Date(app.failed.at), locale))}</p>
          <p className="break-words">{app.failed.why}</p>
        </div>
      )}
      {app.services.length > 0 && (
        <ul aria-label={a.parts} className="-my-1 divide-y divide-line">
          {app.services.map((part) => <PartLine key={part.name} part={part} />)}
        </ul>
      )}
      {error !== undefined && <ErrorNote error={error} />}
      {app.wanted != null && running !== undefined && (
        <div className="flex flex-wrap gap-2">
          <Button look={running ? 'plain' : 'primary'} busy={busy} onClick={() => { again.forget(); turn.onSubmit() }}>{running ? a.stop : a.start}</Button>
          {running && <Button busy={busy} onClick={() => { turn.forget(); again.onSubmit() }}>{a.restart}</Button>}
        </div>
      )}
    </Card>
  )
}
