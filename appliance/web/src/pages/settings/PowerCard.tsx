import { useState } from 'react'
import { orderPower } from '@/api/power'
import { leaving } from '@/api/reach'
import type { Power } from '@/api/types'
import { Confirm } from '@/components/Confirm'
import { useOwnerOnly } from '@/components/person'
import { useStore } from '@/lib/store'
import { useWords } from '@/lib/words'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'

/** Restarting the box and shutting it down. */
export function PowerCard() {
  const t = useWords()
  const notOwner = useOwnerOnly()
  const going = useStore(leaving)
  const [asking, setAsking] = useState<Power>()
  const forbidden = notOwner ?? (going === undefined ? undefined : t.reach.leaving[going])
  return (
    <Card title={t.power.title}>
      <p className="text-ink-2">{t.power.lead}</p>
      <div className="flex flex-wrap gap-2">
        <Button forbidden={forbidden} onClick={() => { setAsking('restart') }}>{t.power.restart}</Button>
        <Button forbidden={forbidden} onClick={() => { setAsking('shut-down') }}>{t.power.shutDown}</Button>
      </div>
      <Confirm open={asking === 'restart'} onClose={() => { setAsking(undefined) }} title={t.power.restartTitle} lead={t.power.restartLead} action={t.power.restart} look="primary"
        onConfirm={() => orderPower('restart')} />
      <Confirm open={asking === 'shut-down'} onClose={() => { setAsking(undefined) }} title={t.power.shutDownTitle} lead={t.power.shutDownLead} action={t.power.shutDown}
        onConfirm={() => orderPower('shut-down')} />
    </Card>
  )
}
