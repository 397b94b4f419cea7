import { queryOptions } from '@tanstack/react-query'
import { keys } from '@/api/keys'
import { ApiError, readProblem, Unreachable } from '@/api/problem'
import { lostBox } from '@/api/reach'
import { signedOut } from '@/api/http'
import { encodePath, type Path } from '@/lib/path'
import { PROPFIND_BODY, readListing, type Entry, type Listing } from '@/lib/propfind'

/** The WebDAV root of a person's tree, encoded, with a slash at the end. */
export const davBase = (person: string): string => `/dav/files/${encodePath([person])}/`

/** The address of a file or folder. */
export const davUrl = (person: string, path: Path): string => davBase(person) + encodePath(path)

/** The address of a folder as one archive. */
export const archiveUrl = (person: string, path: Path): string => `/dav/archives/${encodePath([person, ...path])}`

/** The address of a small picture of a file. What it shows is in the address, so that a changed file has another. */
export const previewUrl = (person: string, entry: Pick<Entry, 'path' | 'etag'>, side: PreviewSide): string => {
  const query = new URLSearchParams({ size: String(side), shape: side === TILE ? 'cover' : 'fit', v: entry.etag?.replaceAll('"', '') ?? '' })
  return `/dav/previews/${encodePath([person])}/${encodePath(entry.path)}?${query.toString()}`
}

/** Sides of the pictures that the box keeps: a tile, and a screen. */
export const TILE = 256
export const SCREEN = 1024
export type PreviewSide = typeof TILE | typeof SCREEN

/** The beginning of a file as text. */
export const textQuery = (person: string, entry: Entry) => queryOptions({
  queryKey: keys.text(entry.path, entry.etag),
  queryFn: async ({ signal }): Promise<string> => {
    if (entry.size === 0) return ''
    const response = await dav('GET', davUrl(person, entry.path), { signal, headers: { Range: `bytes=0-${String(TEXT_BYTES - 1)}` } })
    return await response.text()
  },
})

/** As much as is read of a text before one rather downloads it. */
const TEXT_BYTES = 200_000

/** Asks the box for something by WebDAV. */
export async function dav(method: string, url: string, init: RequestInit = {}): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, { ...init, method })
  } catch (error) {
    // Whoever gave it up knows that the box is there.
    if (init.signal?.aborted === true) throw error
    lostBox()
    throw new Unreachable('no answer', { cause: error })
  }
  if (response.ok) return response
  if (response.status === 401) signedOut.set(signedOut.get() + 1)
  throw new ApiError(readProblem(response.status, await response.text()))
}

/** What is in a folder. */
export const folderQuery = (person: string, folder: Path) => queryOptions({
  queryKey: keys.folder(folder),
  queryFn: async ({ signal }): Promise<Listing> => {
    const url = davBase(person) + encodePath(folder) + (folder.length > 0 ? '/' : '')
    const response = await dav('PROPFIND', url, { signal, body: PROPFIND_BODY, headers: { Depth: '1', 'Content-Type': 'application/xml; charset=utf-8' } })
    return await readListing(await response.text(), davBase(person), folder)
  },
})

export const makeFolder = async (person: string, path: Path): Promise<void> => { await dav('MKCOL', davUrl(person, path)) }

/** Says that it is right that much of the space at `path` is gone. */
export const acceptMissing = async (person: string, path: Path): Promise<void> => { await dav('DELETE', `/dav/guard/${encodePath([person, ...path])}`) }

/** Deletes; the box keeps it in the trash, and says under which name. With an ETag only when it still is what was seen. */
export const deleteEntry = async (person: string, path: Path, etag?: string): Promise<string | undefined> => {
  const response = await dav('DELETE', davUrl(person, path), etag === undefined ? {} : { headers: { 'If-Match': etag } })
  return response.headers.get('croft-trash') ?? undefined
}
