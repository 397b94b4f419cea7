import { useQueryClient } from '@tanstack/react-query'
import { Suspense, useEffect } from 'react'
import { listen } from '@/api/events'
import { fetchPagesSoon, pageOf } from '@/app/pages'
import { Shell } from '@/components/Shell'
import { useSessionEnd } from '@/components/sessionEnd'
import { usePathname } from '@/lib/location'
import type { Route } from '@/lib/paths'
import { paths } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { Link } from '@/ui/Link'
import { PageHead } from '@/ui/PageHead'
import { buttonClass } from '@/ui/buttonClass'

/** The house: the shell, the page of the route, and the live stream. */
export function SignedIn({ route }: { route: Route }) {
  const t = useWords()
  const client = useQueryClient()
  const place = usePathname()
  useEffect(() => listen(client), [client])
  useSessionEnd()
  useEffect(() => { document.title = route.page === 'unknown' ? 'Croft' : `${pageName(route, t.nav)} · Croft` }, [route, t])
  useEffect(fetchPagesSoon, [])
  const nowhere = <PageHead title={t.common.notFound} lead={t.common.notFoundHelp}><Link href={paths.home} className={buttonClass('primary')}>{t.common.goHome}</Link></PageHead>
  return <Shell page={route.page === 'trash' ? 'files' : route.page} place={place}><Suspense fallback={null}>{pageOf(route) ?? nowhere}</Suspense></Shell>
}

function pageName(route: Route, names: Record<string, string>): string {
  return route.page === 'files' ? route.folder.at(-1) ?? names['files'] ?? '' : names[route.page] ?? ''
}
