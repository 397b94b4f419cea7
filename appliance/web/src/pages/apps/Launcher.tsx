import { useQuery } from '@tanstack/react-query'
import { appsQuery } from '@/api/apps'
import type { AppView } from '@/api/types'
import { AppTile } from '@/components/AppTile'
import { wayTo } from '@/components/apps'
import { Copyable } from '@/components/Copyable'
import { Loaded } from '@/components/Loaded'
import { useIsOwner, usePerson } from '@/components/person'
import { appPath, storePath } from '@/lib/paths'
import { useAppsWords } from '@/lib/words/apps'
import { ComingCard } from '@/pages/apps/ComingCard'
import { EngineNote } from '@/pages/apps/EngineNote'
import { headOf } from '@/pages/apps/sentences'
import { Card } from '@/ui/Card'
import { Link } from '@/ui/Link'
import { Nothing } from '@/ui/Nothing'
import { PageHead } from '@/ui/PageHead'
import { buttonClass } from '@/ui/buttonClass'

/** Every app as a door, and what is being done to some of them. */
export function Launcher() {
  const a = useAppsWords()
  const owner = useIsOwner()
  const apps = useQuery(appsQuery)
  return (
    <>
      <PageHead title={headOf(a, apps.data)} lead={apps.data?.apps.length === 0 ? undefined : a.lead}>
        {owner && <Link href={storePath()} className={buttonClass('primary')}>{a.toStore}</Link>}
      </PageHead>
      <EngineNote engine={apps.data?.engine} />
      <Loaded query={apps} lines={6} isEmpty={(list) => list.apps.length === 0} empty={<NoApps owner={owner} />}>
        {({ apps: all }) => (
          <div className="flex flex-col gap-4">
            <ComingCard apps={all.filter(({ work }) => work != null)} />
            <NamedNote apps={all} />
            <Card title={a.installed}>
              <ul aria-label={a.installed} className="-mx-2 grid grid-cols-[repeat(auto-fill,minmax(8rem,1fr))] gap-2">
                {all.map((app) => (
                  <li key={app.id} className="flex flex-col">
                    <AppTile app={app} />
                    {owner && <Link href={appPath(app.id)} aria-label={a.aboutNamed(app.name)} className="py-1 text-center text-sm text-ink-2 underline underline-offset-4 hover:text-ink">{a.about}</Link>}
                  </li>
                ))}
              </ul>
            </Card>
          </div>
        )}
      </Loaded>
    </>
  )
}

/** Why apps open at another name of the box than the one in the address bar. */
function NamedNote({ apps }: { apps: readonly AppView[] }) {
  const a = useAppsWords()
  const { person } = usePerson()
  const named = apps.map((app) => wayTo(app, person, location)).find((way) => way.is === 'named')
  return named === undefined ? null : <p className="rounded-2 bg-sunk px-4 py-3 text-sm text-ink-2">{a.named(named.box)}</p>
}

function NoApps({ owner }: { owner: boolean }) {
  const a = useAppsWords()
  if (!owner) return <Nothing icon="apps" title={a.none} help={a.noneMember} />
  return (
    <>
      <Nothing icon="apps" title={a.none} help={a.noneHelp}><Link href={storePath()} className={buttonClass('primary')}>{a.toStore}</Link></Nothing>
      <div className="mx-auto w-full max-w-xl"><Copyable label={a.byCommand} text="croft app install DIR" /></div>
    </>
  )
}
