import { useQuery } from '@tanstack/react-query'
import { planQuery } from '@/api/pool'
import { explain } from '@/api/problem'
import type { PoolChange } from '@/api/types'
import { useWords } from '@/lib/words'
import { PlanFacts } from '@/pages/storage/PlanFacts'
import { PlanForm } from '@/pages/storage/PlanForm'
import type { Scene } from '@/pages/storage/scene'
import { ask } from '@/pages/storage/sentences'
import { Button } from '@/ui/Button'
import { Modal } from '@/ui/Modal'
import { Waiting } from '@/ui/Waiting'

/** Shows what a change would do before anything is done, or why it cannot be done. */
export function PlanDialog({ scene, change, onClose }: { scene: Scene; change: PoolChange; onClose: () => void }) {
  const t = useWords()
  const plan = useQuery(planQuery(change))
  const refused = plan.error === null || plan.isFetching ? undefined : explain(plan.error)
  return (
    <Modal open onClose={onClose} title={ask(t, scene, change)}>
      {refused !== undefined ? (
        <>
          <div role="alert" className="flex flex-col gap-1 rounded-2 bg-warn-soft px-4 py-3 text-warn">
            <p className="font-semibold">{t.storage.refused}</p>
            <p className="break-words">{refused.sentence}</p>
            {refused.hint !== undefined && <p className="text-sm">{refused.hint}</p>}
            {refused.code !== undefined && <p className="text-[13px]">{t.common.code(refused.code)}</p>}
          </div>
          <div className="flex justify-end gap-2">
            <Button look="quiet" onClick={() => void plan.refetch()}>{t.common.retry}</Button>
            <Button onClick={onClose}>{t.common.close}</Button>
          </div>
        </>
      ) : plan.data === undefined ? <Waiting label={t.common.loading} lines={5} /> : (
        <>
          <PlanFacts scene={scene} change={change} plan={plan.data} />
          <PlanForm change={change} plan={plan.data} onClose={onClose} />
        </>
      )}
    </Modal>
  )
}
