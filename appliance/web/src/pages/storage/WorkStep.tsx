import { useWords } from '@/lib/words'
import { Icon } from '@/ui/Icon'

/** A step of a change: behind, now, or to come. */
export function WorkStep({ words, state }: { words: string; state: 'done' | 'now' | 'later' }) {
  const t = useWords()
  return (
    <li aria-current={state === 'now' ? 'step' : undefined} className={`flex items-start gap-2.5 ${state === 'now' ? 'font-medium' : 'text-ink-3'}`}>
      <span className="grid h-6 w-5 shrink-0 place-items-center text-good">
        {state === 'done' ? <Icon name="check" size={18} /> : <span aria-hidden="true" className={`size-2.5 rounded-full ${state === 'now' ? 'breathe bg-accent' : 'border-[1.5px] border-edge'}`} />}
      </span>
      <span>{words}{state === 'done' && <span className="sr-only"> {t.storage.done}</span>}</span>
    </li>
  )
}
