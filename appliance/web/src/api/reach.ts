import type { Power } from '@/api/types'
import { Store } from '@/lib/store'

/** False while the box does not answer. */
export const reachable = new Store(true)

/** Why the box is about to be gone, or is: somebody told it to. */
export const leaving = new Store<Power | undefined>(undefined)

/** Says how long a box that restarts or shuts down may still answer, in milliseconds: what is under way ends first. */
const LEAVING_MS = 120_000

/** How often a box that is gone is asked whether it is back, in milliseconds. */
const ASK_MS = 2000

/** Notes that the box did not answer, and asks until it does. */
export function lostBox(): void {
  if (!reachable.get()) return
  reachable.set(false)
  setTimeout(() => void ask(), ASK_MS)
}

/** Notes that the box was told to end, and asks until it is gone. One that stays although it was told to go is an ordinary box again. */
export function expectGone(how: Power): void {
  leaving.set(how)
  const until = Date.now() + LEAVING_MS
  const watch = async (): Promise<void> => {
    if (!reachable.get()) return
    if (!await answers()) lostBox()
    else if (Date.now() > until) leaving.set(undefined)
    else setTimeout(() => void watch(), ASK_MS)
  }
  setTimeout(() => void watch(), ASK_MS)
}

async function ask(): Promise<void> {
  if (await answers()) {
    reachable.set(true)
    leaving.set(undefined)
  } else {
    setTimeout(() => void ask(), ASK_MS)
  }
}

/** Any answer of the gateway will do; a box that is not well still tells so itself. */
async function answers(): Promise<boolean> {
  try {
    // A box that is switched off does not refuse, it says nothing.
    await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(ASK_MS * 2) })
    return true
  } catch {
    return false
  }
}
