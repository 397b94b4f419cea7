import { useWords } from '@/lib/words'
import { Icon } from '@/ui/Icon'

/** Stands where something is that only owners may see. */
export function OwnersOnly() {
  const t = useWords()
  return <p className="flex items-center gap-3 rounded-2 bg-sunk px-4 py-3 text-ink-2"><Icon name="home" />{t.common.ownerSees}</p>
}
