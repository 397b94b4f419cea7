import { decodePath, encodePath, type Path } from '@/lib/path'

/** The one table of the app's paths. */
export const paths = {
  home: '/',
  files: '/files',
  photos: '/photos',
  storage: '/storage',
  trash: '/trash',
  times: '/times',
  disks: '/disks',
  links: '/links',
  activity: '/activity',
  settings: '/settings',
  apps: '/apps',
  repairs: '/repairs',
  claim: '/claim',
  recover: '/recover',
  join: '/join',
  grant: '/grant',
} as const

/** A page and what its address says. */
export type Route =
  | { page: 'home' | 'photos' | 'storage' | 'trash' | 'links' | 'activity' | 'repairs' | 'claim' | 'recover' | 'join' | 'grant' | 'unknown' }
  | { page: 'open' }
  | { page: 'apps'; path: Path }
  | { page: 'files'; folder: Path }
  | { page: 'disks'; folder: Path }
  | { page: 'times'; time: string | undefined; folder: Path }
  | { page: 'settings'; section: SettingsSection }

/** The parts of the settings page, each with an address of its own. */
export const settingsSections = ['box', 'people', 'spaces', 'account', 'door', 'network', 'shares', 'notify'] as const
export type SettingsSection = (typeof settingsSections)[number]

/** The address of a folder. */
export const folderPath = (folder: Path): string =>
  folder.length === 0 ? paths.files : `${paths.files}/${encodePath(folder)}`

/** The address of a folder as it was; without a time, at the latest that the box keeps. */
export const timesPath = (time: string | undefined, folder: Path): string => `${paths.times}/${encodePath([time ?? LATEST, ...folder])}`

/** The address of a folder on a disk that is used as it is; of the list of them where there is none. */
export const diskPath = (folder: Path): string => folder.length === 0 ? paths.disks : `${paths.disks}/${encodePath(folder)}`

/** The store, among the addresses of apps. */
const STORE = 'store'

/** Where what is installed may be found. An app that is called as the store is has a `-` before it, with which no id begins. */
export const appPath = (id: string): string => `${paths.apps}/${id === STORE ? `-${id}` : id}`

/** The address of the store, or of an app in it. */
export const storePath = (...app: readonly [] | readonly [catalog: string, app: string]): string => `${paths.apps}/${encodePath([STORE, ...app])}`

/** Where the box leads somebody to an app who has signed in. The gateway answers there; this page only where nobody has. */
export const openPath = (id: string): string => `${OPEN}${id}`
const OPEN = '/open/'

/** What the addresses of apps show. */
export type AppsPlace = { is: 'all' | 'store' | 'nothing' } | { is: 'app'; app: string } | { is: 'offer'; catalog: string; app: string }

/** Reads the part of an address after that of the apps. */
export function appsPlace([first, catalog, app, ...rest]: Path): AppsPlace {
  if (first === undefined) return { is: 'all' }
  if (catalog === undefined) return first === STORE ? { is: 'store' } : { is: 'app', app: first.replace(/^-/, '') }
  return first === STORE && app !== undefined && rest.length === 0 ? { is: 'offer', catalog, app } : { is: 'nothing' }
}

/** Stands in addresses in the place of a time. */
const LATEST = 'latest'

/** The address of a part of the settings. */
export const settingsPath = (section: SettingsSection): string =>
  section === 'box' ? paths.settings : `${paths.settings}/${section}`

/** Reads an address. */
export function routeOf(pathname: string): Route {
  const trimmed = pathname.length > 1 ? pathname.replace(/\/+$/, '') : pathname
  if (trimmed === paths.files || trimmed.startsWith(`${paths.files}/`)) {
    const folder = decodePath(trimmed.slice(paths.files.length))
    return folder ? { page: 'files', folder } : { page: 'unknown' }
  }
  if (trimmed === paths.disks || trimmed.startsWith(`${paths.disks}/`)) {
    const folder = decodePath(trimmed.slice(paths.disks.length))
    return folder ? { page: 'disks', folder } : { page: 'unknown' }
  }
  if (trimmed === paths.apps || trimmed.startsWith(`${paths.apps}/`)) {
    const path = decodePath(trimmed.slice(paths.apps.length))
    return path ? { page: 'apps', path } : { page: 'unknown' }
  }
  if (trimmed.startsWith(OPEN)) return { page: 'open' }
  if (trimmed === paths.times || trimmed.startsWith(`${paths.times}/`)) {
    const [time, ...folder] = decodePath(trimmed.slice(paths.times.length)) ?? ['']
    return time === '' ? { page: 'unknown' } : { page: 'times', time: time === LATEST ? undefined : time, folder }
  }
  if (trimmed === paths.settings) return { page: 'settings', section: 'box' }
  const section = settingsSections.find((name) => trimmed === `${paths.settings}/${name}`)
  if (section) return { page: 'settings', section }
  switch (trimmed) {
    case paths.home: return { page: 'home' }
    case paths.photos: return { page: 'photos' }
    case paths.storage: return { page: 'storage' }
    case paths.trash: return { page: 'trash' }
    case paths.links: return { page: 'links' }
    case paths.activity: return { page: 'activity' }
    case paths.repairs: return { page: 'repairs' }
    case paths.claim: return { page: 'claim' }
    case paths.recover: return { page: 'recover' }
    case paths.join: return { page: 'join' }
    case paths.grant: return { page: 'grant' }
    default: return { page: 'unknown' }
  }
}
