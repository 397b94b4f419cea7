import { explain } from '@/api/problem'
import { useWords } from '@/lib/words'
import { Button } from '@/ui/Button'

/** An error with its sentence, what to do, its code, and a way to try again where there is one. */
export function ErrorNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useWords()
  const { sentence, hint, code } = explain(error)
  return (
    <div role="alert" className="flex flex-wrap items-center justify-between gap-3 rounded-2 bg-bad-soft px-4 py-3 text-bad">
      <div className="min-w-0">
        <p className="font-semibold break-words">{sentence}</p>
        {hint !== undefined && <p className="text-sm">{hint}</p>}
        {code !== undefined && <p className="text-[13px]">{t.common.code(code)}</p>}
      </div>
      {onRetry && <Button onClick={onRetry}>{t.common.retry}</Button>}
    </div>
  )
}
