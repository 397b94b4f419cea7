import type { ReactNode } from 'react'
import { useWords } from '@/lib/words'
import { ErrorNote } from '@/components/ErrorNote'
import { Waiting } from '@/ui/Waiting'

interface LoadedProps<T> {
  query: { data: T | undefined; error: unknown; isPending: boolean; refetch: () => unknown }
  lines?: number
  /** What stands there when there is nothing, with the next step. */
  empty?: ReactNode
  isEmpty?: (data: T) => boolean
  children: (data: T) => ReactNode
}

/** The four states of everything that is read from the box: loading, empty, error, full. What was read before stays while it is read anew. */
export function Loaded<T>({ query, lines = 4, empty, isEmpty, children }: LoadedProps<T>) {
  const t = useWords()
  if (query.data !== undefined) return empty !== undefined && isEmpty?.(query.data) === true ? empty : children(query.data)
  if (query.error !== null && !query.isPending) return <ErrorNote error={query.error} onRetry={() => { query.refetch() }} />
  return <Waiting label={t.common.loading} lines={lines} />
}
