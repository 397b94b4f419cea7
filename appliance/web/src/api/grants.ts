import { queryOptions } from '@tanstack/react-query'
import { get, post, remove } from '@/api/http'
import { keys } from '@/api/keys'

/** The device that asks for an app password, by the code of its page. */
export const grantQuery = (code: string) => queryOptions({ queryKey: keys.grant(code), queryFn: () => get('/api/v1/grants/{code}', { params: { code } }) })

export const grant = (code: string) => post('/api/v1/grants/{code}', undefined, { params: { code } })
export const refuseGrant = (code: string) => remove('/api/v1/grants/{code}', { params: { code } })
