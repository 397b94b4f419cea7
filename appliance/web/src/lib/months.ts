import { pathKey } from '@/lib/path'
import type { Entry } from '@/lib/propfind'

/** What was changed in one month. */
export interface Month { first: Date; entries: Entry[] }

/** Files by the month of their last change, the latest first, each once; what has no time is left out. */
export function byMonth(entries: readonly Entry[]): Month[] {
  const months = new Map<number, Month>()
  const each = new Map(entries.map((entry) => [pathKey(entry.path), entry])).values()
  for (const entry of each) {
    if (entry.kind === 'folder' || !entry.modified) continue
    const first = new Date(entry.modified.getFullYear(), entry.modified.getMonth())
    const month = months.get(first.getTime()) ?? { first, entries: [] }
    month.entries.push(entry)
    months.set(first.getTime(), month)
  }
  const latest = (one: Entry, other: Entry): number => (other.modified?.getTime() ?? 0) - (one.modified?.getTime() ?? 0)
  return [...months.values()].toSorted((a, b) => b.first.getTime() - a.first.getTime()).map(({ first, entries: inside }) => ({ first, entries: inside.toSorted(latest) }))
}
