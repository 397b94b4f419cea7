import { queryOptions, type QueryClient } from '@tanstack/react-query'
import { get, post, remove } from '@/api/http'
import { keys } from '@/api/keys'
import { isStatus } from '@/api/problem'
import type { Session } from '@/api/types'

/** Who is signed in; `null` is nobody. */
export const sessionQuery = queryOptions({
  queryKey: keys.session,
  queryFn: async (): Promise<Session | null> => {
    try {
      return await get('/api/v1/session')
    } catch (error) {
      if (isStatus(error, 401)) return null
      throw error
    }
  },
  staleTime: Infinity,
})

export const signIn = (name: string, passphrase: string) => post('/api/v1/session', { name, passphrase })

/** Ends this browser's session and forgets all that was shown. */
export async function signOut(client: QueryClient): Promise<void> {
  await remove('/api/v1/session')
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'claim' && queryKey[0] !== 'session' })
  client.setQueryData(keys.session, null)
}

/** Sets a new passphrase with the recovery kit. */
export const recover = (words: string, name: string, passphrase: string) => post('/api/v1/recovery', { words, name, passphrase })

/** Takes up an invitation. */
export const join = (code: string, passphrase: string) => post('/api/v1/join', { code, passphrase })

/** Proves that the person means it: the passphrase is typed once more, for one operation on one thing. The proof goes along with what it is for. */
export const prove = (passphrase: string, wanted: { operation: string; target: string }) => post('/api/v1/session/proof', { passphrase, operation: wanted.operation, target: wanted.target })

export const changePassphrase = (old: string, next: string) => post('/api/v1/passphrase', { old, new: next })
