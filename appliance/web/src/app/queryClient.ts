import { QueryClient } from '@tanstack/react-query'
import { ApiError } from '@/api/problem'

/** Tries of a read before its error is shown. */
const TRIES = 3

/** The cache of everything that was read. The event stream keeps it true, so looking again by focus or time is not needed. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      // A refusal stays one; a role that is just starting again is worth a further try.
      retry: (failures, error) => failures + 1 < TRIES && !(error instanceof ApiError && error.problem.status < 500),
    },
  },
})
