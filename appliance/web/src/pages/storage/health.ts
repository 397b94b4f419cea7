/** How a disk is, in t.diskCare. Pure. */
import type { DiskReading, DiskView, HealthReason } from '@/api/types'
import { ago } from '@/lib/units'
import type { Words } from '@/lib/words'
import type { Tone } from '@/ui/Pill'

const DAY_MS = 24 * 60 * 60 * 1000
const HOURS_OF_DAY = 24
const HOURS_OF_YEAR = 8766
/** Up to so many hours a disk's age is told in days. */
const YOUNG_HOURS = 2 * HOURS_OF_YEAR

export interface Told { tone: Tone; sentences: string[]; facts: string[] }

const tones = { unknown: 'plain', well: 'good', old: 'plain', watch: 'warn', failing: 'bad' } as const

/** How a disk is: a sentence for each reason to trust it less, and what it measured. */
export function told(t: Words, { health }: DiskView, locale: string, now = Date.now()): Told {
  if (health?.reading == null) return { tone: 'plain', sentences: [t.diskCare.silence[health?.silence ?? 'mute']], facts: [] }
  const { verdict, silence, reading } = health
  const reasons = health.reasons.map((reason) => sentence(t, reason, now))
  const known = verdict === 'unknown' ? [t.diskCare.notKnown] : reasons.length === 0 ? [t.diskCare.healthy] : []
  const sentences = [...reasons, ...known, ...(silence == null ? [] : [t.diskCare.silence[silence]])]
  return { tone: tones[verdict], sentences, facts: [...factsOf(t, reading), t.diskCare.toldAt(ago(new Date(reading.at), locale, new Date(now)))] }
}

function factsOf(t: Words, reading: DiskReading): string[] {
  const { celsius, powered_hours: hours, worn_percent: worn } = reading
  return [
    ...(celsius == null ? [] : [t.diskCare.celsius(celsius)]),
    ...(hours == null ? [] : [hours < YOUNG_HOURS ? t.diskCare.days(Math.floor(hours / HOURS_OF_DAY)) : t.diskCare.years(Math.floor(hours / HOURS_OF_YEAR))]),
    ...(worn == null ? [] : [t.diskCare.wornTo(worn)]),
  ]
}

function sentence(t: Words, reason: HealthReason, now: number): string {
  const days = (since: string): string => t.diskCare.span(Math.round((now - new Date(since).getTime()) / DAY_MS))
  switch (reason.is) {
    case 'own-verdict': return t.diskCare.reasons.ownVerdict
    case 'losing-data': return t.diskCare.reasons.losingData(reason.sectors, days(reason.since))
    case 'writing-off': return t.diskCare.reasons.writingOff(reason.sectors, days(reason.since))
    case 'unreadable': return t.diskCare.reasons.unreadable(reason.sectors)
    case 'written-off': return t.diskCare.reasons.writtenOff(reason.sectors)
    case 'worn': return t.diskCare.reasons.worn(reason.percent)
    case 'hot': return t.diskCare.reasons.hot(reason.celsius)
    case 'old': return t.diskCare.reasons.old(reason.years)
  }
}
