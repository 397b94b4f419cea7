import { queryOptions } from '@tanstack/react-query'
import { call, get, post } from '@/api/http'
import { keys } from '@/api/keys'

export const notifyQuery = queryOptions({ queryKey: keys.notify, queryFn: () => get('/api/v1/notify') })

/** Sets the password of an account at a mail server. The box never shows it again. */
export const setMailPassword = async (account: { server: string; port: number; user: string; authority: string | null }, password: string): Promise<void> => {
  await call('put', '/api/v1/notify/mail/password', { json: { ...account, password } })
}
/** A new key for a webhook; the box shows it this once. */
export const newWebhookKey = (name: string) => post('/api/v1/notify/webhooks/{name}/key', undefined, { params: { name } })
/** Sends a test to one destination, and answers with what it said. */
export const testNotify = (destination: string) => post('/api/v1/notify/test', { destination })
