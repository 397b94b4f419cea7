import { Threshold } from '@/components/Threshold'
import { navigate } from '@/lib/location'
import { paths } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { Button } from '@/ui/Button'

/** The box has its owner. */
export function DoneStep({ box, onDone }: { box: string; onDone: () => void }) {
  const t = useWords()
  return (
    <Threshold title={t.claim.doneTitle} lead={t.claim.doneLead(box)}>
      <Button look="primary" onClick={() => { navigate(paths.home, 'replace'); onDone() }}>{t.claim.go}</Button>
    </Threshold>
  )
}
