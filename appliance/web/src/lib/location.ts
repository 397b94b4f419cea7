import { useSyncExternalStore } from 'react'

const MOVED = 'croft:moved'

/** Goes to a path of the app without loading a page. `replace` leaves no way back to the one before. */
export function navigate(to: string, mode: 'push' | 'replace' = 'push'): void {
  if (mode === 'replace') history.replaceState(null, '', to)
  else history.pushState(null, '', to)
  dispatchEvent(new Event(MOVED))
}

function subscribe(listener: () => void): () => void {
  addEventListener('popstate', listener)
  addEventListener(MOVED, listener)
  return () => {
    removeEventListener('popstate', listener)
    removeEventListener(MOVED, listener)
  }
}

/** The path in the address bar, still percent-encoded. */
export function usePathname(): string {
  return useSyncExternalStore(subscribe, () => location.pathname)
}

/** The fragment in the address bar, without `#`. It never reaches the box or its logs. */
export function useFragment(): string {
  return useSyncExternalStore(subscribe, () => location.hash.slice(1))
}
