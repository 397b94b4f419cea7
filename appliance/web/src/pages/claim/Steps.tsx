import { useWords } from '@/lib/words'

/** Steps of the claim that ask for something. */
const ALL = 4

/** How far the claim is. */
export function Steps({ at }: { at: number }) {
  const t = useWords()
  return (
    <div className="flex items-center gap-3 text-sm text-ink-2">
      <span aria-hidden="true" className="flex gap-1.5">
        {Array.from({ length: ALL }, (_, step) => <span key={step} className={`h-1.5 w-6 rounded-full ${step < at ? 'bg-accent' : 'bg-line'}`} />)}
      </span>
      {t.claim.step(at, ALL)}
    </div>
  )
}
