/** Where it is noted which address was loaded anew last. */
const KEY = 'croft-opening'
/** An address that comes back to this page so soon after it was loaded anew, in milliseconds, would do so again. */
const SOON_MS = 15_000

/** Whether an address may be loaded anew; notes that it is. False where that has just been done to no end, so that nothing turns in a circle. */
export function mayLoadAnew(address: string, now: number, notes: Pick<Storage, 'getItem' | 'setItem'> = sessionStorage): boolean {
  const [at = '', before = ''] = notes.getItem(KEY)?.split(' ') ?? []
  notes.setItem(KEY, `${String(now)} ${address}`)
  return before !== address || Math.abs(now - Number(at)) > SOON_MS
}

/** Forgets it: somebody wants to try again. */
export const forgetLoads = (notes: Pick<Storage, 'removeItem'> = sessionStorage): void => { notes.removeItem(KEY) }
