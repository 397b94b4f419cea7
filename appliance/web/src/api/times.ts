import { queryOptions } from '@tanstack/react-query'
import { dav } from '@/api/dav'
import { keys } from '@/api/keys'
import { ApiError, isCode, isStatus, readProblem, Unreachable } from '@/api/problem'
import { lines } from '@/lib/lines'
import { encodePath, type Path } from '@/lib/path'
import { PROPFIND_BODY, readListing, type Listing } from '@/lib/propfind'
import { spaceIdOf, timeOf, type Done, type Time } from '@/lib/times'

/** Something as it was: in which space, when, and where in it. */
export interface Past { space: Path; time: string; path: Path }

/** A state of a file that it has not now. */
export interface FileState { time: string; at: number; modified: number; size: number }

const base = (person: string): string => `/dav/times/${encodePath([person])}/`

/** The address of something as it was. */
export const pastUrl = (person: string, { space, time, path }: Past): string => base(person) + encodePath([...space, time, ...path])

/** The address of a small picture of it. */
export const pastPreviewUrl = (person: string, past: Past, etag: string | undefined, size: number, shape: 'cover' | 'fit'): string =>
  `${pastUrl(person, past)}?${new URLSearchParams({ size: String(size), shape, v: etag?.replaceAll('"', '') ?? '' }).toString()}`

/** The times of a space, and the names of the shared spaces, which have their own. */
export const timesQuery = (person: string, space: Path) => queryOptions({
  queryKey: keys.times(space),
  queryFn: async ({ signal }): Promise<{ times: Time[]; mounts: string[] }> => {
    const { entries } = await listed(person, space, signal)
    return { times: entries.flatMap(({ name }) => timeOf(name) ?? []), mounts: entries.filter(({ mounted }) => mounted).map(({ name }) => name) }
  },
})

/** What was in a folder. It is read anew only when it is looked at again: it does not change. */
export const pastQuery = (person: string, { space, time, path }: Past) => queryOptions({
  queryKey: keys.past([...space, time, ...path]),
  queryFn: ({ signal }): Promise<Listing> => listed(person, [...space, time, ...path], signal),
})

async function listed(person: string, path: Path, signal: AbortSignal): Promise<Listing> {
  const url = base(person) + encodePath(path) + (path.length > 0 ? '/' : '')
  const response = await dav('PROPFIND', url, { signal, body: PROPFIND_BODY, headers: { Depth: '1', 'Content-Type': 'application/xml; charset=utf-8' } })
  return await readListing(await response.text(), base(person), path)
}

/** In which other states a file was. */
export const statesQuery = (person: string, space: Path, path: Path) => queryOptions({
  queryKey: keys.states([...space, ...path]),
  gcTime: 0,
  queryFn: async ({ signal }): Promise<FileState[]> => {
    const response = await dav('POST', base(person) + encodePath(space), { signal, body: JSON.stringify({ do: 'states', path }), headers: JSON_BODY })
    const { states } = await response.json() as { states: FileState[] }
    return states
  },
})

/** Compares a place with what it was, or makes it that. Whoever aborts it keeps what is back so far. */
export async function bringBack(person: string, past: Past, wish: { do: 'compare' | 'bring-back'; discard_newer: boolean }, signal: AbortSignal, tell: (looked: number) => void): Promise<Done> {
  const response = await dav('POST', pastUrl(person, past), { signal, body: JSON.stringify(wish), headers: JSON_BODY })
  for await (const line of lines(response)) {
    const said: unknown = JSON.parse(line)
    if (typeof said !== 'object' || said === null) break
    if ('problem' in said) throw new ApiError(readProblem(500, JSON.stringify(said.problem)))
    if ('done' in said) return said.done as Done
    if ('looked' in said && typeof said.looked === 'number') tell(said.looked)
  }
  throw new Unreachable(`no end: ${pastUrl(person, past)}`)
}

/** Keeps what is there now as an earlier time, so that bringing back can be taken back. False where the box keeps none at all; it throws where it could not this time. `id` is the number of anything in the space. */
export async function keepNow(id: number): Promise<boolean> {
  try {
    await dav('POST', `/api/v1/snapshots/${spaceIdOf(id)}`, { body: JSON.stringify({ why: 'before-restore' }), headers: JSON_BODY })
    return true
  } catch (error) {
    if (isCode(error, 'snapshots-impossible') || [404, 405, 501].some((status) => isStatus(error, status))) return false
    throw error
  }
}

const JSON_BODY = { 'Content-Type': 'application/json' }
