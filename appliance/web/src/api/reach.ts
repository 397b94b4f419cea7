import { Store } from '@/lib/store'

/** False while the box does not answer. */
export const reachable = new Store(true)

/** How often a box that is gone is asked whether it is back, in milliseconds. */
const ASK_MS = 2000

/** Notes that the box did not answer, and asks until it does. */
export function lostBox(): void {
  if (!reachable.get()) return
  reachable.set(false)
  setTimeout(() => void ask(), ASK_MS)
}

async function ask(): Promise<void> {
  try {
    // Any answer of the gateway will do; a box that is not well still tells so itself.
    await fetch('/healthz', { cache: 'no-store' })
    reachable.set(true)
  } catch {
    setTimeout(() => void ask(), ASK_MS)
  }
}
