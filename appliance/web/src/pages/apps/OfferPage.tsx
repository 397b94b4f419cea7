import { useQuery } from '@tanstack/react-query'
import { appsQuery, storeAppQuery } from '@/api/apps'
import { isStatus } from '@/api/problem'
import type { StoreEntry } from '@/api/types'
import { Loaded } from '@/components/Loaded'
import { appPath, storePath } from '@/lib/paths'
import { useAppsWords } from '@/lib/words/apps'
import { Back } from '@/pages/apps/Back'
import { EngineNote } from '@/pages/apps/EngineNote'
import { InstallCard } from '@/pages/apps/InstallCard'
import { webAddress } from '@/pages/apps/sentences'
import { Card } from '@/ui/Card'
import { Emblem } from '@/ui/Emblem'
import { Link } from '@/ui/Link'
import { Nothing } from '@/ui/Nothing'
import { PageHead } from '@/ui/PageHead'
import { Pill } from '@/ui/Pill'
import { buttonClass } from '@/ui/buttonClass'

/** An app of the store: what it is, what it asks for, and its install. */
export function OfferPage({ catalog, app }: { catalog: string; app: string }) {
  const a = useAppsWords()
  const entry = useQuery(storeAppQuery(catalog, app))
  const apps = useQuery(appsQuery)
  const back = <Back href={storePath()} words={a.store} />
  if (isStatus(entry.error, 404)) return <><PageHead above={back} title={a.gone} /><Nothing icon="find" title={a.noOffer} help={a.noOfferHelp}><Link href={storePath()} className={buttonClass('primary')}>{a.toStore}</Link></Nothing></>
  const engine = apps.data?.engine
  const offer = entry.data?.app
  return (
    <>
      <PageHead above={back} lead={offer?.tagline} title={offer === undefined ? a.store : (
        <span className="flex items-center gap-4"><Emblem id={offer.id} name={offer.name} size="large" /><span className="min-w-0 break-words">{offer.name}</span></span>
      )} />
      <EngineNote engine={engine} />
      <Loaded query={entry} lines={8}>
        {(all) => (
          <div className="grid items-start gap-4 lg:grid-cols-[3fr_2fr]">
            {all.app.installed != null
              ? (
                <Card title={a.install} aside={<Pill>{a.isInstalled}</Pill>}>
                  <p className="big break-words">{a.installedAs(all.app.name, all.app.installed)}</p>
                  <div><Link href={appPath(all.app.id)} className={buttonClass('primary')}>{a.aboutNamed(all.app.name)}</Link></div>
                </Card>
              )
              : <InstallCard entry={all} away={engine?.is === 'away' ? engine.why : undefined} />}
            <About entry={all} />
          </div>
        )}
      </Loaded>
    </>
  )
}

/** What the catalogue says of it. */
function About({ entry: { app, description, website, tips, images, remarks } }: { entry: StoreEntry }) {
  const a = useAppsWords()
  const page = webAddress(website)
  const facts = [[a.developer, app.developer], [a.version, app.version], [a.categories, app.category], [a.source, app.catalog]] as const
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <Card title={a.what}>
        {description !== '' && <p className="break-words whitespace-pre-line">{description}</p>}
        <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1.5 text-sm">
          {facts.map(([name, value]) => value !== '' && <div key={name} className="contents"><dt className="text-ink-2">{name}</dt><dd className="min-w-0 font-medium break-words">{value}</dd></div>)}
        </dl>
        {page !== undefined && <p className="text-sm"><a href={page} target="_blank" rel="noreferrer" className="break-all underline underline-offset-4">{page}<span className="sr-only">{a.newTab}</span></a></p>}
        <Lines title={a.fetched} lines={images} />
        <Lines title={a.different} lines={remarks} />
      </Card>
      {tips !== '' && <Card title={a.tips}><p className="break-words whitespace-pre-line">{tips}</p></Card>}
    </div>
  )
}

function Lines({ title, lines }: { title: string; lines: readonly string[] }) {
  if (lines.length === 0) return null
  return (
    <details className="text-sm text-ink-2">
      <summary className="font-semibold">{title}</summary>
      <ul className="mt-2 flex list-disc flex-col gap-1 pl-5">{lines.map((line, at) => <li key={at} className="break-all">{line}</li>)}</ul>
    </details>
  )
}
