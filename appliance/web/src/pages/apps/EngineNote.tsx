import type { AppList } from '@/api/types'
import { useAppsWords } from '@/lib/words/apps'

/** Says why apps cannot run here, where they cannot. */
export function EngineNote({ engine }: { engine: AppList['engine'] | undefined }) {
  const a = useAppsWords()
  if (engine?.is !== 'away') return null
  return (
    <div role="status" className="mb-4 rounded-2 bg-warn-soft px-4 py-3 text-warn">
      <p className="font-semibold">{a.away}</p>
      <p className="break-words">{engine.why}</p>
      <p className="text-sm">{a.awayHelp}</p>
    </div>
  )
}
