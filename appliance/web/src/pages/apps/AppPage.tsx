import { useQuery } from '@tanstack/react-query'
import { appQuery, appsQuery } from '@/api/apps'
import { isStatus } from '@/api/problem'
import { sectionQuery } from '@/api/settings'
import type { AppView } from '@/api/types'
import { wayTo } from '@/components/apps'
import { Loaded } from '@/components/Loaded'
import { OwnersOnly } from '@/components/OwnersOnly'
import { useIsOwner, usePerson } from '@/components/person'
import { paths } from '@/lib/paths'
import { useAppsWords } from '@/lib/words/apps'
import { AccessCard } from '@/pages/apps/AccessCard'
import { Back } from '@/pages/apps/Back'
import { EngineNote } from '@/pages/apps/EngineNote'
import { FactsCard } from '@/pages/apps/FactsCard'
import { LogCard } from '@/pages/apps/LogCard'
import { PermissionsCard } from '@/pages/apps/PermissionsCard'
import { SecretsCard } from '@/pages/apps/SecretsCard'
import { StateCard } from '@/pages/apps/StateCard'
import { WayOutCard } from '@/pages/apps/WayOutCard'
import { Emblem } from '@/ui/Emblem'
import { Link } from '@/ui/Link'
import { Nothing } from '@/ui/Nothing'
import { PageHead } from '@/ui/PageHead'
import { buttonClass } from '@/ui/buttonClass'

/** One app: how it does, what it may, and what can be done with it. */
export function AppPage({ id }: { id: string }) {
  const a = useAppsWords()
  const app = useQuery(appQuery(id))
  const back = <Back href={paths.apps} words={a.title} />
  // One that was just taken away is not there any more, whatever was read of it before.
  if (isStatus(app.error, 404)) return <><PageHead above={back} title={a.gone} /><Nothing icon="apps" title={a.goneTitle} help={a.goneHelp}><Link href={paths.apps} className={buttonClass('primary')}>{a.toAll}</Link></Nothing></>
  return (
    <>
      {app.data === undefined ? <PageHead above={back} title={a.title} /> : <Head app={app.data} />}
      <Loaded query={app} lines={8}>{(now) => <Cards app={now} />}</Loaded>
    </>
  )
}

function Head({ app }: { app: AppView }) {
  const a = useAppsWords()
  const { person } = usePerson()
  const way = wayTo(app, person, location)
  return (
    <PageHead above={<Back href={paths.apps} words={a.title} />} lead={app.tagline === '' ? undefined : app.tagline}
      title={<span className="flex items-center gap-4"><Emblem id={app.id} name={app.name} size="large" /><span className="min-w-0 break-words">{app.name}</span></span>}>
      {way.is === 'open' || way.is === 'named'
        ? <a href={way.href} target="_blank" rel="noopener" className={buttonClass('primary')}>{a.open}<span className="sr-only">{a.newTab}</span></a>
        : <p className="text-sm text-ink-2">{a.ways[way.is]}</p>}
    </PageHead>
  )
}

function Cards({ app }: { app: AppView }) {
  const a = useAppsWords()
  const owner = useIsOwner()
  const { person } = usePerson()
  const way = wayTo(app, person, location)
  const apps = useQuery({ ...appsQuery, enabled: owner })
  const section = useQuery({ ...sectionQuery('apps'), enabled: owner })
  if (!owner) return <OwnersOnly />
  const wanted = app.wanted != null
  const hosted = section.data?.value[app.id]
  return (
    <>
      <EngineNote engine={apps.data?.engine} />
      {way.is === 'named' && <p className="mb-4 rounded-2 bg-sunk px-4 py-3 text-sm text-ink-2">{a.named(way.box)}</p>}
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <StateCard app={app} section={section.data} />
        <div className="flex min-w-0 flex-col gap-4">
          {wanted && <Loaded query={section}>{(seen) => hosted && <WayOutCard app={app} hosted={hosted} section={seen} />}</Loaded>}
          <PermissionsCard app={app} />
          {wanted && <SecretsCard app={app} />}
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          {wanted && section.data && hosted && <AccessCard app={app} hosted={hosted} section={section.data} />}
          <FactsCard app={app} />
        </div>
        {wanted && <LogCard app={app} />}
      </div>
    </>
  )
}
