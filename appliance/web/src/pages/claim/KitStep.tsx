import type { Owner } from '@/api/claim'
import type { RecoveryKit } from '@/api/types'
import { Threshold } from '@/components/Threshold'
import { useWords } from '@/lib/words'
import { KitSheet } from '@/pages/claim/KitSheet'
import { Steps } from '@/pages/claim/Steps'
import { Button } from '@/ui/Button'

/** Shows the recovery kit, once. */
export function KitStep({ kit, owner, onDone }: { kit: RecoveryKit; owner: Owner; onDone: () => void }) {
  const t = useWords()
  return (
    <Threshold wide above={<Steps at={3} />} title={t.claim.kitTitle} lead={t.claim.kitLead}>
      <KitSheet kit={kit} owner={owner} />
      <div className="no-print mt-6 flex flex-wrap justify-end gap-2">
        <Button onClick={() => { print() }}>{t.claim.print}</Button>
        <Button look="primary" onClick={onDone}>{t.claim.kept}</Button>
      </div>
    </Threshold>
  )
}
