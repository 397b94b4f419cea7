import { useIsOwner } from '@/components/person'
import type { Route } from '@/lib/paths'
import { paths } from '@/lib/paths'
import type { IconName } from '@/ui/Icon'

/** A page of the rail. */
interface Place {
  page: Route['page']
  href: string
  icon: IconName
  /** Stands at the foot of the rail. */
  apart: boolean
  /** Of no use to others. */
  owners?: true
  /** A phone's bar has no room for it; there Home leads to it. */
  wide?: true
}

/** The pages of the rail, in order. */
const places = [
  { page: 'home', href: paths.home, icon: 'home', apart: false },
  { page: 'files', href: paths.files, icon: 'files', apart: false },
  { page: 'photos', href: paths.photos, icon: 'image', apart: false },
  { page: 'apps', href: paths.apps, icon: 'apps', apart: false, wide: true },
  { page: 'storage', href: paths.storage, icon: 'disk', apart: false, owners: true, wide: true },
  { page: 'repairs', href: paths.repairs, icon: 'repairs', apart: true },
  { page: 'activity', href: paths.activity, icon: 'activity', apart: true },
  { page: 'settings', href: paths.settings, icon: 'settings', apart: true },
] as const satisfies readonly Place[]

/** The pages of the rail for whoever is signed in. */
export function usePlaces(): (Place & { page: (typeof places)[number]['page'] })[] {
  const owner = useIsOwner()
  return places.filter((place: Place) => owner || place.owners !== true)
}
