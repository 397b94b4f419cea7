import { Store } from '@/lib/store'

/** A sentence that is shown for a moment, like "Copied." */
export interface Notice { id: number; text: string; tone: 'plain' | 'bad'; action: NoticeAction | undefined }

/** What can be done about it, as long as it is shown. */
export interface NoticeAction { name: string; run: () => Promise<void> }

/** How long a sentence stays, in milliseconds; long enough to read it twice. */
const STAYS_MS = 5000
/** How long one stays that something can be done about. */
const OFFERED_MS = 12_000

/** The sentence that is shown now. */
export const notice = new Store<Notice | undefined>(undefined)

let last = 0

/** Shows a sentence in the island. */
export function say(text: string, tone: Notice['tone'] = 'plain', action?: NoticeAction): void {
  const mine = { id: ++last, text, tone, action }
  notice.set(mine)
  setTimeout(() => { if (notice.get() === mine) notice.set(undefined) }, action ? OFFERED_MS : STAYS_MS)
}
