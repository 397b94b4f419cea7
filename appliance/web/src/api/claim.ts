import { queryOptions } from '@tanstack/react-query'
import { get, post } from '@/api/http'
import { keys } from '@/api/keys'

export interface Owner { box_name: string; name: string; display_name: string; passphrase: string }

/** Whether the box has an owner yet. */
export const claimQuery = queryOptions({ queryKey: keys.claim, queryFn: () => get('/api/v1/claim'), staleTime: Infinity })

/** Shows the pairing code; the ticket is for the steps that follow. */
export const showCode = (code: string) => post('/api/v1/claim/code', { code })

/** Says who the owner is; the recovery kit comes back once. */
export const nameOwner = (ticket: string, owner: Owner) => post('/api/v1/claim/person', { ticket, ...owner })

/** Proves that the kit was kept. The box is claimed and this browser signed in. */
export const finishClaim = (ticket: string, answers: Record<string, string>) => post('/api/v1/claim/finish', { ticket, answers })
