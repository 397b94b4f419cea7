import { useQueryClient } from '@tanstack/react-query'
import { Suspense, useEffect } from 'react'
import { listen } from '@/api/events'
import { signedOut } from '@/api/http'
import { keys } from '@/api/keys'
import { fetchPagesSoon, pageOf } from '@/app/pages'
import { Shell } from '@/components/Shell'
import { usePathname } from '@/lib/location'
import type { Route } from '@/lib/paths'
import { paths } from '@/lib/paths'
import { useStore } from '@/lib/store'
import { useWords } from '@/lib/words'
import { Link } from '@/ui/Link'
import { PageHead } from '@/ui/PageHead'
import { buttonClass } from '@/ui/buttonClass'

/** The house: the shell, the page of the route, and the live stream. */
export function SignedIn({ route }: { route: Route }) {
  const t = useWords()
  const client = useQueryClient()
  const place = usePathname()
  const refusals = useStore(signedOut)
  useEffect(() => listen(client), [client])
  // A refused request means that the session may have ended: ask, and the door appears at this same address.
  useEffect(() => { if (refusals > 0) void client.invalidateQueries({ queryKey: keys.session }) }, [refusals, client])
  useEffect(() => { document.title = route.page === 'unknown' ? 'Croft' : `${pageName(route, t.nav)} · Croft` }, [route, t])
  useEffect(fetchPagesSoon, [])
  const nowhere = <PageHead title={t.common.notFound} lead={t.common.notFoundHelp}><Link href={paths.home} className={buttonClass('primary')}>{t.common.goHome}</Link></PageHead>
  return <Shell page={route.page} place={place}><Suspense fallback={null}>{pageOf(route) ?? nowhere}</Suspense></Shell>
}

function pageName(route: Route, names: Record<string, string>): string {
  return route.page === 'files' ? route.folder.at(-1) ?? names['files'] ?? '' : names[route.page] ?? ''
}
