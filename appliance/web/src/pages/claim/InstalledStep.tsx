import { useState } from 'react'
import { endMachine } from '@/api/install'
import type { Power } from '@/api/types'
import { ErrorNote } from '@/components/ErrorNote'
import { Threshold } from '@/components/Threshold'
import { useSubmit } from '@/components/submit'
import { useWords } from '@/lib/words'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'

/** The box lies on its own disk; the machine has to start from there. */
export function InstalledStep({ ticket }: { ticket: string }) {
  const t = useWords()
  const [ended, setEnded] = useState<Power>()
  const off = useSubmit(async () => { await endMachine(ticket, 'shut-down'); setEnded('shut-down') })
  const restart = useSubmit(async () => { await endMachine(ticket, 'restart'); setEnded('restart') })
  const error = off.error ?? restart.error
  return (
    <Threshold title={t.place.doneTitle} lead={t.place.doneLead}>
      <Card title={t.place.steps}>
        <ol className="flex list-decimal flex-col gap-1.5 pl-5">
          {[t.place.stepOff, t.place.stepPull, t.place.stepOn, t.place.stepCode].map((step) => <li key={step}>{step}</li>)}
        </ol>
        {error !== undefined && <ErrorNote error={error} />}
        {ended === undefined ? (
          <>
            <div className="flex flex-wrap justify-end gap-2">
              <Button busy={restart.busy} onClick={() => { restart.onSubmit() }} title={t.place.restartHint}>{t.place.restart}</Button>
              <Button look="primary" busy={off.busy} onClick={() => { off.onSubmit() }}>{t.place.off}</Button>
            </div>
            <p className="text-right text-sm text-ink-2">{t.place.restartHint}</p>
          </>
        ) : <p role="status" className="font-semibold">{ended === 'shut-down' ? t.place.wentOff : t.place.wentAgain}</p>}
      </Card>
    </Threshold>
  )
}
