import { useQuery } from '@tanstack/react-query'
import { sessionQuery } from '@/api/session'
import type { Session } from '@/api/types'
import { useWords } from '@/lib/words'

/** Who is signed in. Only for what is drawn when somebody is. */
export function usePerson(): Session {
  const { data } = useQuery(sessionQuery)
  if (!data) throw new Error('nobody is signed in')
  return data
}

/** True for somebody who governs the box. */
export const useIsOwner = (): boolean => usePerson().role === 'owner'

/** The reason why a member may not change the box; `undefined` for an owner. */
export function useOwnerOnly(): string | undefined {
  const t = useWords()
  return useIsOwner() ? undefined : t.common.ownerOnly
}
