import type { ReactNode } from 'react'

export type Tone = 'good' | 'warn' | 'bad' | 'plain'

const tones: Record<Tone, string> = {
  good: 'bg-accent-soft text-good', warn: 'bg-warn-soft text-warn', bad: 'bg-bad-soft text-bad', plain: 'bg-sunk text-ink-2',
}

/** A word or two about a thing. */
export function Pill({ tone = 'good', children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`rounded-full px-2.5 py-0.5 text-[13px] font-semibold whitespace-nowrap ${tones[tone]}`}>{children}</span>
}
