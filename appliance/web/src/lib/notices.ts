import { Store } from '@/lib/store'

/** A sentence that is shown for a moment, like "Copied." */
export interface Notice { id: number; text: string; tone: 'plain' | 'bad' }

/** How long a sentence stays, in milliseconds; long enough to read it twice. */
const STAYS_MS = 5000

/** The sentence that is shown now. */
export const notice = new Store<Notice | undefined>(undefined)

let last = 0

/** Shows a sentence in the island. */
export function say(text: string, tone: Notice['tone'] = 'plain'): void {
  const mine = { id: ++last, text, tone }
  notice.set(mine)
  setTimeout(() => { if (notice.get() === mine) notice.set(undefined) }, STAYS_MS)
}
