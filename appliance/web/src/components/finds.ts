import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query'
import { usePlaces } from '@/components/navigation'
import { usePerson } from '@/components/person'
import { keys } from '@/api/keys'
import { namedQuery } from '@/api/search'
import { signOut } from '@/api/session'
import type { AppList, Disk, PersonEntry } from '@/api/types'
import { navigate } from '@/lib/location'
import { appPath, folderPath, paths, settingsPath, settingsSections } from '@/lib/paths'
import { pathKey } from '@/lib/path'
import type { Entry, Listing } from '@/lib/propfind'
import { useSettled } from '@/lib/settled'
import { toggleTheme } from '@/lib/theme'
import { chooseLanguage, useWords, type Words } from '@/lib/words'

/** Something the palette can find. */
export interface Find {
  id: string
  group: keyof Words['palette']['groups']
  name: string
  /** More words that lead to it. */
  also: string
  go: () => void
}

/** Rows of the palette: more than fit would not be read. */
const MOST = 12
/** How long nobody types before the box is asked, in milliseconds. */
const SETTLED_MS = 200

/** Everything that can be found right now: pages, settings, people, disks and apps that were looked at, actions, the files of folders that were looked at, and what the box finds by what was typed. */
export function useFinds(typed: string): Find[] {
  const t = useWords()
  const client = useQueryClient()
  const { name } = usePerson()
  // What was found by the letters before stays until the box has answered.
  const { data: named } = useQuery({ ...namedQuery(name, useSettled(typed, SETTLED_MS)), placeholderData: (before) => before })
  const page = usePlaces().map(({ page: name, href }): Find => ({ id: `page:${name}`, group: 'page', name: t.nav[name], also: name === 'storage' || name === 'apps' ? t.palette.also[name] : '', go: () => { navigate(href) } }))
  const setting = settingsSections.map((section): Find => ({
    id: `setting:${section}`, group: 'setting', name: t.settings[section], also: t.nav.settings, go: () => { navigate(settingsPath(section)) },
  }))
  const person = (client.getQueryData<PersonEntry[]>(keys.people) ?? []).map((someone): Find => ({
    id: `person:${someone.id}`, group: 'person', name: someone.display_name, also: someone.name, go: () => { navigate(settingsPath('people')) },
  }))
  const disk = (client.getQueryData<Disk[]>(keys.disks) ?? []).map((one): Find => ({
    id: `disk:${one.id}`, group: 'disk', name: one.name, also: one.serial, go: () => { navigate(paths.storage) },
  }))
  const app = (client.getQueryData<AppList>(keys.appList)?.apps ?? []).map((one): Find => ({
    id: `app:${one.id}`, group: 'app', name: one.name, also: one.tagline ?? '', go: () => { navigate(appPath(one.id)) },
  }))
  const action: Find[] = [
    { id: 'theme', group: 'action', name: t.theme.toggle, also: t.theme.label, go: toggleTheme },
    { id: 'english', group: 'action', name: 'English', also: 'Sprache language', go: () => { chooseLanguage('en') } },
    { id: 'deutsch', group: 'action', name: 'Deutsch', also: 'Sprache language', go: () => { chooseLanguage('de') } },
    { id: 'leave', group: 'action', name: t.nav.signOut, also: '', go: () => void signOut(client) },
  ]
  return [...page, ...setting, ...person, ...disk, ...app, ...action, ...files([...lookedAt(client), ...named ?? []])]
}

const lookedAt = (client: QueryClient): Entry[] => client.getQueriesData<Listing>({ queryKey: keys.folders }).flatMap(([, listing]) => listing?.entries ?? [])

function files(entries: readonly Entry[]): Find[] {
  return [...new Map(entries.map((entry) => [pathKey(entry.path), entry])).entries()].map(([key, entry]) => ({
    id: `file:${key}`, group: 'file', name: entry.name, also: entry.path.join(' '),
    go: () => { navigate(folderPath(entry.kind === 'folder' ? entry.path : entry.path.slice(0, -1))) },
  }))
}

/** The finds in which every typed word begins a word; names before other words. */
export function filterFinds(finds: readonly Find[], typed: string): Find[] {
  const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean)
  const score = ({ name, also }: Find): number => {
    if (wanted.every((word) => begins(name, word))) return 0
    return wanted.every((word) => begins(`${name} ${also}`, word)) ? 1 : 2
  }
  return finds.map((find) => ({ find, score: score(find) })).filter(({ score: value }) => value < 2)
    .toSorted((a, b) => a.score - b.score).slice(0, MOST).map(({ find }) => find)
}

const begins = (text: string, word: string): boolean =>
  text.toLowerCase().split(/[\s._/-]+/).some((part) => part.startsWith(word)) || (word.length > 2 && text.toLowerCase().includes(word))
