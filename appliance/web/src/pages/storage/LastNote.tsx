import { ago } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import type { Scene } from '@/pages/storage/scene'
import { endWords } from '@/pages/storage/sentences'

/** How long it is told that something went as it should, in milliseconds. What failed is told until the next change. */
const TOLD_MS = 24 * 60 * 60 * 1000

/** How the last change ended. It stands there also while there is nothing to tell, so that the end of a change is read out. */
export function LastNote({ scene }: { scene: Scene }) {
  const t = useWords()
  const locale = useLocale()
  const { last, work } = scene.pool
  const failed = last?.how.is === 'failed'
  const told = work == null && last != null && (failed || Date.now() - new Date(last.at).getTime() < TOLD_MS)
  return (
    <div role="status" className={told ? 'lg:col-span-12' : 'contents'}>
      {told && (
        <div className={`rounded-2 px-4 py-3 ${failed ? 'bg-bad-soft text-bad' : 'bg-sunk text-ink-2'}`}>
          <p className={failed ? 'font-semibold' : undefined}>{endWords(t, scene, last, ago(new Date(last.at), locale))}</p>
          {last.how.is === 'failed' && <p className="text-sm break-words">{last.how.reason}</p>}
        </div>
      )}
    </div>
  )
}
