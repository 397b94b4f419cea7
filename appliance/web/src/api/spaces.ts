import { queryOptions } from '@tanstack/react-query'
import { get, post } from '@/api/http'
import { keys } from '@/api/keys'
import { settled } from '@/api/settled'
import type { Right } from '@/api/types'

/** The spaces that this person may read. */
export const spacesQuery = queryOptions({ queryKey: keys.spaces, queryFn: () => get('/api/v1/spaces') })

export const addSpace = (name: string, members: Record<string, Right>) => settled(() => post('/api/v1/spaces', { name, members }))
