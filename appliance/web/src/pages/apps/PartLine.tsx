import type { AppService } from '@/api/types'
import { useAppsWords } from '@/lib/words/apps'
import { Pill, type Tone } from '@/ui/Pill'

const tones: Record<string, Tone> = { running: 'good', healthy: 'good', starting: 'warn', unhealthy: 'bad' }

/** A part of an app: what runs, and how it is. */
export function PartLine({ part }: { part: AppService }) {
  const a = useAppsWords()
  const words: Record<string, string> = a.partStates
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2.5">
      <span className="min-w-0 flex-1 basis-48">
        <span className="block font-medium break-words">{part.name}</span>
        <span className="block text-sm break-all text-ink-2">{part.image}</span>
        {part.restarts > 0 && <span className="block text-sm text-warn">{a.restarts(part.restarts)}</span>}
      </span>
      <Pill tone={tones[part.state] ?? 'plain'}>{words[part.state] ?? part.state}</Pill>
    </li>
  )
}
