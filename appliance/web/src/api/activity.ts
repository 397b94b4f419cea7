import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { get, post } from '@/api/http'
import { keys } from '@/api/keys'
import { settled } from '@/api/settled'

/** Lines of a page of the activity. */
export const ACTIVITY_PAGE = 50

/** The audit log, newest first. */
export const activityQuery = infiniteQueryOptions({
  queryKey: keys.activity,
  queryFn: ({ pageParam }) => get('/api/v1/activity', { query: { before: pageParam, limit: ACTIVITY_PAGE } }),
  initialPageParam: undefined as number | undefined,
  getNextPageParam: (page) => page.next_before ?? undefined,
})

/** One change of the settings with its way back. A commit never changes. */
export const commitQuery = (generation: number) => queryOptions({
  queryKey: keys.commit(generation),
  queryFn: () => get('/api/v1/settings/history/{generation}', { params: { generation } }),
  staleTime: Infinity,
})

/** Takes a change back; resolves when the box says that it is in force. */
export const undo = (generation: number) => settled(() => post('/api/v1/settings/revert/{generation}', undefined, { params: { generation } }))
