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
  repairs: '/repairs',
  claim: '/claim',
  recover: '/recover',
  join: '/join',
  grant: '/grant',
} as const

/** A page and what its address says. */
export type Route =
  | { page: 'home' | 'photos' | 'storage' | 'trash' | 'links' | 'activity' | 'repairs' | 'claim' | 'recover' | 'join' | 'grant' | 'unknown' }
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
