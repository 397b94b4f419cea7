import { queryOptions } from '@tanstack/react-query'
import { get, remove } from '@/api/http'
import { keys } from '@/api/keys'

/** Storage fills without an event, so the status is read again now and then, in milliseconds. */
const STATUS_STALE_MS = 30_000

export const statusQuery = queryOptions({ queryKey: keys.status, queryFn: () => get('/api/v1/status'), staleTime: STATUS_STALE_MS })
export const warningsQuery = queryOptions({ queryKey: keys.warnings, queryFn: () => get('/api/v1/warnings') })
export const tasksQuery = queryOptions({ queryKey: keys.tasks, queryFn: () => get('/api/v1/tasks') })

export const cancelTask = (id: string) => remove('/api/v1/tasks/{id}', { params: { id } })
