import { get, post, remove, type Call } from '@/api/http'
import type { Disk, Power } from '@/api/types'

/** Before there are people, the ticket of the claim is what one shows. */
const as = (ticket: string): Call => ({ headers: { Authorization: `Bearer ${ticket}` } })

/** Whether the box can move to another disk, and to which. */
export const installOffer = (ticket: string) => get('/api/v1/install', as(ticket))

/** Overwrites a disk as it was shown. One that is not empty wants its label. */
export const beginInstall = (ticket: string, disk: Disk, label?: string) =>
  post('/api/v1/install', { disk: disk.id, contents: disk.contents, ...(label === undefined ? {} : { label }) }, as(ticket))

/** How far it is. */
export const installProgress = (ticket: string) => get('/api/v1/install/progress', as(ticket))

/** Gives it up. */
export const cancelInstall = (ticket: string) => remove('/api/v1/install', as(ticket))

/** Switches the machine off or starts it again, once the box lies on a disk. */
export const endMachine = (ticket: string, how: Power) => post('/api/v1/install/end', { how }, as(ticket))
