import { useQuery } from '@tanstack/react-query'
import { Suspense } from 'react'
import { claimQuery } from '@/api/claim'
import { sessionQuery } from '@/api/session'
import { Claim, Grant, Join, Open, Recover, SignIn } from '@/app/pages'
import { SignedIn } from '@/app/SignedIn'
import { AskAgain } from '@/app/AskAgain'
import { Banner } from '@/components/Banner'
import { usePathname } from '@/lib/location'
import { routeOf } from '@/lib/paths'

/** Decides which of the box's faces is shown: the claim, the door, or the house. */
export function App() {
  const route = routeOf(usePathname())
  const claim = useQuery(claimQuery)
  const session = useQuery({ ...sessionQuery, enabled: claim.data?.state === 'claimed' })
  if (!claim.data) return <AskAgain query={claim} />
  if (claim.data.state === 'unclaimed') return <Suspense><Claim /></Suspense>
  if (route.page === 'recover') return <Suspense><Banner /><Recover /></Suspense>
  if (route.page === 'join') return <Suspense><Banner /><Join /></Suspense>
  if (session.data === undefined) return <AskAgain query={session} />
  if (session.data === null) return <Suspense><Banner /><SignIn box={claim.data.box_name} /></Suspense>
  if (route.page === 'grant') return <Suspense><Banner /><Grant /></Suspense>
  if (route.page === 'open') return <Suspense><Banner /><Open /></Suspense>
  return <SignedIn key={session.data.person} route={route} />
}
