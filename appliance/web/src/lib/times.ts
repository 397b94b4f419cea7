import type { Path } from '@/lib/path'
import type { Entry } from '@/lib/propfind'

/** A moment of which the box keeps what a space was like. */
export interface Time {
  /** What it is called in addresses: `2026-12-01 01.43.36 UTC`. */
  name: string
  at: Date
}

/** What was done, or would be, to make a place as it was. */
export interface Done {
  looked: number
  returned: number
  folders: number
  changed: number
  moved: number
  newer: number
  discarded: number
  /** How many of the newer go to the trash at most. */
  most_discarded: number
  replaced: number
  left: number
  one_left: string | null
}

const NAME = /^(\d{4})-(\d\d)-(\d\d) (\d\d)\.(\d\d)\.(\d\d) UTC$/

/** The time of this name; `undefined` for anything else. */
export function timeOf(name: string): Time | undefined {
  const parts = NAME.exec(name)?.slice(1).map(Number)
  if (!parts) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  return Number.isNaN(at.getTime()) ? undefined : { name, at }
}

/** Times by the day on which they were here, each day and in it each time from late to early. */
export function byDay(times: readonly Time[]): { day: Date; times: Time[] }[] {
  const days: { day: Date; times: Time[] }[] = []
  for (const time of times.toSorted((a, b) => b.at.getTime() - a.at.getTime())) {
    const last = days.at(-1)
    if (last?.day.toDateString() === time.at.toDateString()) last.times.push(time)
    else days.push({ day: time.at, times: [time] })
  }
  return days
}

/** How an entry differs from what is there now. */
export type Difference = 'same' | 'gone' | 'changed'

/** Compares an entry as it was with those of the same folder now. Of a folder only whether it is there is known. */
export function differs(was: Entry, now: readonly Entry[] | undefined): Difference {
  const is = now?.find(({ name, kind }) => name === was.name && kind === was.kind)
  if (!is) return 'gone'
  if (was.kind === 'folder' || was.etag === is.etag) return 'same'
  // Where the box cannot tell who it was, size and time have to do.
  return !was.id && was.size === is.size && was.modified?.getTime() === is.modified?.getTime() ? 'same' : 'changed'
}

/** A folder of a person's tree as a space and the path in it: shared spaces are folders at the root. */
export function placeOf(folder: Path, mounts: readonly string[]): { space: Path; path: Path } {
  const [first] = folder
  return first !== undefined && mounts.includes(first) ? { space: [first], path: folder.slice(1) } : { space: [], path: folder }
}

/** The id of the space in which an entry lies, by the entry's number. */
export const spaceIdOf = (id: number): string => `s${String(Math.floor(id / 2 ** 36))}`
