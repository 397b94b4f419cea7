import { queryOptions } from '@tanstack/react-query'
import { get, post, remove } from '@/api/http'
import { keys } from '@/api/keys'
import type { PoolChange } from '@/api/types'

/** The box tells when a disk comes or goes; where its kernel does not tell it, they are looked at again while somebody looks at them, in milliseconds. Listing them reads a little of each. */
const LOOK_MS = 15_000
/** The same for the pool, of which a look costs nothing. */
const LOOK_POOL_MS = 5_000
/** And while something is being done to it. */
const FOLLOW_MS = 1_500

export const disksQuery = queryOptions({ queryKey: keys.disks, queryFn: () => get('/api/v1/disks'), staleTime: LOOK_MS, refetchInterval: LOOK_MS })

export const poolQuery = queryOptions({
  queryKey: keys.pool,
  queryFn: () => get('/api/v1/pool'),
  staleTime: FOLLOW_MS,
  refetchInterval: ({ state: { data } }) => data?.is === 'present' && data.work != null ? FOLLOW_MS : LOOK_POOL_MS,
})

/** What a change would do; it is asked anew each time, since disks change. */
export const planQuery = (change: PoolChange) => queryOptions({
  queryKey: keys.plan(JSON.stringify(change)), queryFn: () => post('/api/v1/pool/plan', change), gcTime: 0, retry: false,
})

/** Begins a change. What destroys wants a proof of the person. */
export const beginChange = (change: PoolChange, proof: string | undefined) =>
  post('/api/v1/pool/changes', change, proof === undefined ? {} : { headers: { 'croft-proof': proof } })

/** Gives up what is under way. */
export const giveUpChange = () => remove('/api/v1/pool/changes')
