import type { AppWork } from '@/api/types'
import { percent } from '@/lib/units'
import { useLocale } from '@/lib/words'
import { Meter } from '@/ui/Meter'

/** How far the work on an app is, as the box says it; without a bar where nobody knows. */
export function AppProgress({ work, name }: { work: AppWork; name: string }) {
  const locale = useLocale()
  const { progress, step } = work
  return (
    <div className="flex flex-col gap-1.5">
      <p className="flex justify-between gap-4 text-sm text-ink-2">
        <span role="status" className="min-w-0 break-words">{step}</span>
        {progress != null && <span className="tabular">{percent(progress.done, progress.total, locale)}</span>}
      </p>
      {progress != null && <Meter value={progress.done} max={progress.total} label={name} />}
    </div>
  )
}
