import type { Route } from '@/lib/paths'
import { paths } from '@/lib/paths'
import type { IconName } from '@/ui/Icon'

/** The pages of the rail, in order; `apart` stands at its foot. */
export const places = [
  { page: 'home', href: paths.home, icon: 'home', apart: false },
  { page: 'files', href: paths.files, icon: 'files', apart: false },
  { page: 'photos', href: paths.photos, icon: 'image', apart: false },
  { page: 'repairs', href: paths.repairs, icon: 'repairs', apart: true },
  { page: 'activity', href: paths.activity, icon: 'activity', apart: true },
  { page: 'settings', href: paths.settings, icon: 'settings', apart: true },
] as const satisfies readonly { page: Route['page']; href: string; icon: IconName; apart: boolean }[]
