import type { Severity } from '@/api/types'
import type { Tone } from '@/ui/Pill'

/** How a warning looks. */
export const tones: Record<Severity, Tone> = { notice: 'plain', degraded: 'warn', critical: 'bad' }
