import { useQuery } from '@tanstack/react-query'
import { appsQuery } from '@/api/apps'
import { AppTile } from '@/components/AppTile'
import { Loaded } from '@/components/Loaded'
import { useIsOwner } from '@/components/person'
import { paths, storePath } from '@/lib/paths'
import { useAppsWords } from '@/lib/words/apps'
import { Card } from '@/ui/Card'
import { Link } from '@/ui/Link'

/** Apps that fit in the card. */
const MOST = 12
/** How often they are looked at again from Home, in milliseconds. */
const LOOK_MS = 20_000

/** The apps as doors. Fetched after the page: the first load has no room for it. */
export function AppsCard() {
  const a = useAppsWords()
  const owner = useIsOwner()
  const apps = useQuery({ ...appsQuery, refetchInterval: LOOK_MS })
  return (
    <Card title={a.title} className="h-full" aside={<Link href={paths.apps} className="text-sm underline underline-offset-4">{a.seeAll}</Link>}>
      <Loaded query={apps} lines={2} isEmpty={(list) => list.apps.length === 0}
        empty={<p className="text-ink-2">{a.none} {owner ? <Link href={storePath()} className="underline underline-offset-4">{a.toStore}</Link> : a.noneMember}</p>}>
        {({ apps: all }) => (
          <ul aria-label={a.title} className="-mx-2 grid grid-cols-[repeat(auto-fill,minmax(6.5rem,1fr))] gap-1">
            {all.slice(0, MOST).map((app) => <li key={app.id}><AppTile app={app} /></li>)}
          </ul>
        )}
      </Loaded>
    </Card>
  )
}
