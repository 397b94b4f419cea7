import { queryOptions } from '@tanstack/react-query'
import { dav } from '@/api/dav'
import { keys } from '@/api/keys'
import { encodePath, type Path } from '@/lib/path'
import { PROPFIND_BODY, readListing, type Listing } from '@/lib/propfind'

const base = (person: string): string => `/dav/disks/${encodePath([person])}/`

/** The address of something on a disk that is used as it is. */
export const onDiskUrl = (person: string, path: Path): string => base(person) + encodePath(path)

/** The address of a small picture of it. */
export const onDiskPreviewUrl = (person: string, path: Path, etag: string | undefined, size: number, shape: 'cover' | 'fit'): string =>
  `${onDiskUrl(person, path)}?${new URLSearchParams({ size: String(size), shape, v: etag?.replaceAll('"', '') ?? '' }).toString()}`

/** What is in a folder on a disk; without one, the disks that the person may read. */
export const onDisksQuery = (person: string, path: Path) => queryOptions({
  queryKey: keys.onDisks(path),
  retry: false,
  queryFn: async ({ signal }): Promise<Listing> => {
    const url = onDiskUrl(person, path) + (path.length > 0 ? '/' : '')
    const response = await dav('PROPFIND', url, { signal, body: PROPFIND_BODY, headers: { Depth: '1', 'Content-Type': 'application/xml; charset=utf-8' } })
    return await readListing(await response.text(), base(person), path)
  },
})
