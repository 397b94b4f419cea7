import { queryOptions } from '@tanstack/react-query'
import { get } from '@/api/http'
import { keys } from '@/api/keys'
import type { components } from '@/api/generated/schema'
import type { Entry } from '@/lib/propfind'
import { PAGE, type Page } from '@/lib/timeline'

export type PhotoRow = components['schemas']['PhotoRow']

/** By whose clock months begin. */
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone

/** How often the timeline is looked at again while dates are being read, in milliseconds. */
const AGAIN_MS = 5000

/** How many photos each month has, in all spaces of the person. */
export const timelineQuery = queryOptions({
  queryKey: keys.timeline,
  queryFn: ({ signal }) => get('/api/v1/photos', { query: { zone }, signal }),
  refetchInterval: (query) => (query.state.data?.unread ?? 0) > 0 ? AGAIN_MS : false,
})

/** A part of a month. */
export const pageQuery = ({ month, number }: Page) => queryOptions({
  queryKey: keys.photos(month, number),
  queryFn: async ({ signal }) => {
    const { photos } = await get('/api/v1/photos/{month}', { params: { month }, query: { offset: number * PAGE, limit: PAGE, zone }, signal })
    return photos.map((photo) => photo ? entryOf(photo) : null)
  },
})

/** A photo as the pages about files know one. */
export function entryOf({ id, path, etag, size_bytes, modified, taken, preview }: PhotoRow): Entry {
  const names = path.split('/')
  return {
    name: names.at(-1) ?? '', path: names, kind: 'file', size: size_bytes, modified: new Date(modified * 1000), taken: typeof taken === 'string' ? new Date(taken) : undefined, etag, id, permissions: undefined, previewed: preview, mounted: false,
  }
}
