import { lazy, type ReactNode } from 'react'
import type { Route } from '@/lib/paths'

const load = {
  activity: () => import('@/pages/activity/ActivityPage').then(({ ActivityPage }) => ({ default: ActivityPage })),
  apps: () => import('@/pages/apps/AppsPage').then(({ AppsPage }) => ({ default: AppsPage })),
  disks: () => import('@/pages/disks/DisksPage').then(({ DisksPage }) => ({ default: DisksPage })),
  files: () => import('@/pages/files/FilesPage').then(({ FilesPage }) => ({ default: FilesPage })),
  home: () => import('@/pages/home/HomePage').then(({ HomePage }) => ({ default: HomePage })),
  links: () => import('@/pages/links/LinksPage').then(({ LinksPage }) => ({ default: LinksPage })),
  photos: () => import('@/pages/photos/PhotosPage').then(({ PhotosPage }) => ({ default: PhotosPage })),
  repairs: () => import('@/pages/repairs/RepairsPage').then(({ RepairsPage }) => ({ default: RepairsPage })),
  storage: () => import('@/pages/storage/StoragePage').then(({ StoragePage }) => ({ default: StoragePage })),
  times: () => import('@/pages/times/TimesPage').then(({ TimesPage }) => ({ default: TimesPage })),
  trash: () => import('@/pages/trash/TrashPage').then(({ TrashPage }) => ({ default: TrashPage })),
  settings: () => import('@/pages/settings/SettingsPage').then(({ SettingsPage }) => ({ default: SettingsPage })),
}

const Activity = lazy(load.activity)
const Apps = lazy(load.apps)
const Disks = lazy(load.disks)
const Files = lazy(load.files)
const Home = lazy(load.home)
const Links = lazy(load.links)
const Photos = lazy(load.photos)
const Repairs = lazy(load.repairs)
const Settings = lazy(load.settings)
const Storage = lazy(load.storage)
const Times = lazy(load.times)
const Trash = lazy(load.trash)

export const Claim = lazy(() => import('@/pages/claim/ClaimPage').then(({ ClaimPage }) => ({ default: ClaimPage })))
export const SignIn = lazy(() => import('@/pages/door/SignInPage').then(({ SignInPage }) => ({ default: SignInPage })))
export const Recover = lazy(() => import('@/pages/door/RecoverPage').then(({ RecoverPage }) => ({ default: RecoverPage })))
export const Join = lazy(() => import('@/pages/door/JoinPage').then(({ JoinPage }) => ({ default: JoinPage })))
export const Grant = lazy(() => import('@/pages/door/GrantPage').then(({ GrantPage }) => ({ default: GrantPage })))
export const Open = lazy(() => import('@/pages/door/OpenPage').then(({ OpenPage }) => ({ default: OpenPage })))

/** The page of a route inside the house; `undefined` where there is none. */
export function pageOf(route: Route): ReactNode {
  switch (route.page) {
    case 'home': return <Home />
    case 'files': return <Files folder={route.folder} />
    case 'apps': return <Apps path={route.path} />
    case 'disks': return <Disks folder={route.folder} />
    case 'times': return <Times time={route.time} folder={route.folder} />
    case 'photos': return <Photos />
    case 'storage': return <Storage />
    case 'trash': return <Trash />
    case 'links': return <Links />
    case 'activity': return <Activity />
    case 'settings': return <Settings section={route.section} />
    case 'repairs': return <Repairs />
    default: return undefined
  }
}

/** How long after the first page the others are fetched, in milliseconds. */
const SOON_MS = 1500

/** Fetches the other pages while nobody waits, so that each opens at once and also when the box is away for a moment. */
export function fetchPagesSoon(): () => void {
  const timer = setTimeout(() => { for (const page of Object.values(load)) page().catch(() => { /* It is fetched again when it is opened. */ }) }, SOON_MS)
  return () => { clearTimeout(timer) }
}
