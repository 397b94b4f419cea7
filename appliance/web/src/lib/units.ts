/** Numbers, sizes, times and dates in the person's language. */

const STEPS = [['TB', 1e12], ['GB', 1e9], ['MB', 1e6], ['kB', 1e3]] as const

/** A size in decimal units, as disks are sold: `1.3 MB`. */
export function bytes(count: number, locale: string): string {
  for (const [unit, size] of STEPS) {
    // A value that would round up to 1000 of a unit is said in the next one.
    if (count >= size * 0.9995) return `${decimal(count / size, locale)} ${unit}`
  }
  return `${String(Math.round(count))} B`
}

function decimal(value: number, locale: string): string {
  const digits = value < 99.95 ? 1 : 0
  return value.toLocaleString(locale, { maximumFractionDigits: digits })
}

/** A rate: `41 MB/s`. */
export const rate = (bytesPerSecond: number, locale: string): string => `${bytes(bytesPerSecond, locale)}/s`

/** A rough length of time: `8 s`, `2 min`, `1 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 59.5) return `${String(Math.max(1, Math.round(seconds)))} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${String(minutes)} min`
  const rest = minutes % 60
  return rest === 0 ? `${String(minutes / 60)} h` : `${String(Math.floor(minutes / 60))} h ${String(rest)} min`
}

/** From how many seconds on a guessed length of time is rounded to how many: nobody knows it better. */
const COARSE = [[36_000, 3600], [3600, 900], [600, 300]] as const

/** A length of time that is only guessed: `5 min`, `1 h 15 min`; never less than a minute. */
export function roughly(seconds: number): string {
  const grain = COARSE.find(([from]) => seconds >= from)?.[1] ?? 60
  return duration(Math.max(60, Math.round(seconds / grain) * grain))
}

/** A share of a whole: `53 %`. */
export const percent = (part: number, whole: number, locale: string): string =>
  (whole > 0 ? Math.min(1, part / whole) : 0).toLocaleString(locale, { style: 'percent' })

/** A day, with the year only when it is another one than now: `3 Aug`. */
export function day(date: Date, locale: string, now = new Date()): string {
  const year = date.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' as const }
  return date.toLocaleDateString(locale, { day: 'numeric', month: 'short', ...year })
}

/** A month with its year: `August 2026`. */
export const month = (date: Date, locale: string): string => date.toLocaleDateString(locale, { month: 'long', year: 'numeric' })

/** Day and time of day, for tooltips and details. */
export const moment = (date: Date, locale: string): string =>
  date.toLocaleString(locale, { dateStyle: 'long', timeStyle: 'short' })

/** The time of day: `14:05`. */
export const clock = (date: Date, locale: string): string => date.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' })

/** How long ago: `two minutes ago` in words where the language has them. */
export function ago(date: Date, locale: string, now = new Date()): string {
  const seconds = (date.getTime() - now.getTime()) / 1000
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  const past = Math.min(0, seconds)
  if (past > -60) return words.format(0, 'minute')
  if (past > -3600) return words.format(Math.round(past / 60), 'minute')
  if (past > -86400) return words.format(Math.round(past / 3600), 'hour')
  if (past > -7 * 86400) return words.format(Math.round(past / 86400), 'day')
  return day(date, locale, now)
}
