import { queryOptions } from '@tanstack/react-query'
import { get, post, remove } from '@/api/http'
import { keys } from '@/api/keys'
import { settled } from '@/api/settled'
import type { PersonRole } from '@/api/types'

export interface NewPerson { name: string; display_name: string; role: PersonRole }

export const peopleQuery = queryOptions({ queryKey: keys.people, queryFn: () => get('/api/v1/people') })

export const addPerson = (person: NewPerson) => settled(() => post('/api/v1/people', person))

export const removePerson = (id: string) => settled(() => remove('/api/v1/people/{id}', { params: { id } }))

/** A code with which the person chooses a passphrase. */
export const invite = (person: string) => post('/api/v1/invitations', { person })
