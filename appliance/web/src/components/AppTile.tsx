import type { AppView } from '@/api/types'
import { stateWord, wayTo } from '@/components/apps'
import { useIsOwner, usePerson } from '@/components/person'
import { appPath } from '@/lib/paths'
import { useAppsWords } from '@/lib/words/apps'
import { Emblem } from '@/ui/Emblem'
import { Link } from '@/ui/Link'

const tileClass = 'flex h-full flex-col items-center gap-2 rounded-2 p-3 text-center'

/** An app as a door: it opens beside this page. One that does not open says why, and leads an owner to where that can be changed. */
export function AppTile({ app }: { app: AppView }) {
  const a = useAppsWords()
  const owner = useIsOwner()
  const { person } = usePerson()
  const way = wayTo(app, person, location)
  const opens = way.is === 'open' || way.is === 'named'
  const said = way.is === 'closed' || way.is === 'pageless' ? a.ways[way.is] : stateWord(a, app)
  const face = (
    <>
      <span className={opens ? '' : 'opacity-60'}><Emblem id={app.id} name={app.name} size="large" /></span>
      <span className="max-w-full">
        <span className="block font-medium break-words">{app.name}</span>
        <span className={`block text-sm ${app.state === 'failing' ? 'font-medium text-bad' : 'text-ink-2'}`}>{said}</span>
      </span>
    </>
  )
  if (opens) return <a href={way.href} target="_blank" rel="noopener" title={app.tagline} className={`${tileClass} hover:bg-sunk`}>{face}<span className="sr-only">{a.newTab}</span></a>
  return owner ? <Link href={appPath(app.id)} title={app.tagline} className={`${tileClass} hover:bg-sunk`}>{face}</Link> : <div className={tileClass}>{face}</div>
}
