import { queryOptions } from '@tanstack/react-query'
import { get, post, remove } from '@/api/http'
import { keys } from '@/api/keys'

export const sharesQuery = queryOptions({ queryKey: keys.shares, queryFn: () => get('/api/v1/shares') })

export const addDevice = (name: string) => post('/api/v1/shares/devices', { name })
export const removeDevice = (id: number) => remove('/api/v1/shares/devices/{id}', { params: { id } })
