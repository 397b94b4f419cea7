import { queryOptions } from '@tanstack/react-query'
import { get, post, remove } from '@/api/http'
import { keys } from '@/api/keys'

export const sessionsQuery = queryOptions({ queryKey: keys.sessions, queryFn: () => get('/api/v1/sessions') })
export const appPasswordsQuery = queryOptions({ queryKey: keys.tokens, queryFn: () => get('/api/v1/tokens') })

export const endSession = (id: string) => remove('/api/v1/sessions/{id}', { params: { id } })
export const addAppPassword = (name: string) => post('/api/v1/tokens', { name })
export const revokeAppPassword = (id: string) => remove('/api/v1/tokens/{id}', { params: { id } })
