import { OwnersOnly } from '@/components/OwnersOnly'
import { useIsOwner } from '@/components/person'
import type { Path } from '@/lib/path'
import { appsPlace, paths } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { useAppsWords } from '@/lib/words/apps'
import { AppPage } from '@/pages/apps/AppPage'
import { Launcher } from '@/pages/apps/Launcher'
import { OfferPage } from '@/pages/apps/OfferPage'
import { StorePage } from '@/pages/apps/StorePage'
import { Link } from '@/ui/Link'
import { PageHead } from '@/ui/PageHead'
import { buttonClass } from '@/ui/buttonClass'

/** Everything about apps: those that are here, one of them, and the store. */
export function AppsPage({ path }: { path: Path }) {
  const t = useWords()
  const a = useAppsWords()
  const owner = useIsOwner()
  const place = appsPlace(path)
  switch (place.is) {
    case 'all': return <Launcher />
    case 'app': return <AppPage key={place.app} id={place.app} />
    case 'store': return owner ? <StorePage /> : <><PageHead title={a.store} /><OwnersOnly /></>
    case 'offer': return owner ? <OfferPage key={`${place.catalog}/${place.app}`} catalog={place.catalog} app={place.app} /> : <><PageHead title={a.store} /><OwnersOnly /></>
    case 'nothing': return <PageHead title={t.common.notFound} lead={t.common.notFoundHelp}><Link href={paths.apps} className={buttonClass('primary')}>{a.toAll}</Link></PageHead>
  }
}
