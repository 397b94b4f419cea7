import { say } from '@/lib/notices'
import { useWords } from '@/lib/words'
import { Button } from '@/ui/Button'

/** A text to be handed over, with a button that copies it. */
export function Copyable({ label, text }: { label: string; text: string }) {
  const t = useWords()
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text)
    say(t.common.copied)
  }
  return (
    <div className="flex flex-col gap-1">
      <span className="text-sm font-semibold">{label}</span>
      <div className="flex items-center gap-2 rounded-[10px] bg-sunk py-1.5 pr-1.5 pl-3">
        <code className="min-w-0 flex-1 font-sans text-base font-medium break-all select-all">{text}</code>
        <Button onClick={() => void copy()} aria-label={`${t.common.copy}: ${label}`}>{t.common.copy}</Button>
      </div>
    </div>
  )
}
