import { Store } from '@/lib/store'

/** What somebody looks for in the store; it stays while other pages are looked at, so that the way back leads to the same place. */
export interface Asked { search: string; category: string; from: number }

export const asked = new Store<Asked>({ search: '', category: '', from: 0 })
