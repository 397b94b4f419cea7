import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { keys } from '@/api/keys'
import { giveUpChange } from '@/api/pool'
import type { PoolWork } from '@/api/types'
import { Confirm } from '@/components/Confirm'
import { ago, bytes, roughly } from '@/lib/units'
import { type Words, useLocale, useWords } from '@/lib/words'
import type { Scene } from '@/pages/storage/scene'
import { deed, stepsOf, stepWords } from '@/pages/storage/sentences'
import { WorkStep } from '@/pages/storage/WorkStep'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Meter } from '@/ui/Meter'

/** What is being done to the pool, step by step. */
export function WorkCard({ scene, work }: { scene: Scene; work: PoolWork }) {
  const t = useWords()
  const locale = useLocale()
  const client = useQueryClient()
  const [stopping, setStopping] = useState(false)
  const { change, step, progress, cancelling } = work
  const steps = stepsOf(change, step)
  const at = steps.indexOf(step)
  const title = deed(t, scene, change)
  const giveUp = async (): Promise<void> => {
    await giveUpChange()
    await client.invalidateQueries({ queryKey: keys.pool })
  }
  return (
    <Card className="rise lg:col-span-12" title={t.storage.under} aside={<span className="text-sm text-ink-2">{t.storage.begun(ago(new Date(work.since), locale))}</span>}>
      <Title words={title} />
      <ol className="flex flex-col gap-1.5">
        {steps.map((one, index) => <WorkStep key={one} words={stepWords(t, one, change, scene.pool.protection)} state={index < at ? 'done' : index === at ? 'now' : 'later'} />)}
      </ol>
      <Meter value={progress?.done ?? 0} max={progress?.total ?? 0} label={title} />
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
        <p className="tabular text-sm text-ink-2">{said(t, scene, work, locale)}</p>
        {!cancelling && <Button onClick={() => { setStopping(true) }}>{t.place.stop}</Button>}
      </div>
      <p className="text-sm text-ink-2">{t.storage.meanwhile}</p>
      <p role="status" className="sr-only">{cancelling ? t.storage.cancelling : stepWords(t, step, change, scene.pool.protection)}</p>
      <Confirm open={stopping} onClose={() => { setStopping(false) }} title={t.storage.giveUp} lead={t.storage.giveUpLead} action={t.place.stop} look="primary" onConfirm={giveUp} />
    </Card>
  )
}

/** Whoever has just begun it is led here, where a reader goes on. */
function Title({ words }: { words: string }) {
  const place = useRef<HTMLParagraphElement>(null)
  useEffect(() => {
    const lost = document.activeElement === null || document.activeElement === document.body
    if (lost) place.current?.focus({ preventScroll: true })
  }, [])
  return <p ref={place} tabIndex={-1} className="big break-words outline-none">{words}</p>
}

function said(t: Words, { pool }: Scene, { change, progress, seconds_left: left, cancelling }: PoolWork, locale: string): string {
  if (cancelling) return t.storage.cancelling
  if (progress != null) return [t.storage.ofBytes(bytes(progress.done, locale), bytes(progress.total, locale)), ...(left == null ? [] : [t.storage.left(roughly(left))])].join(' · ')
  return pool.state === 'disk-missing' && change.do !== 'replace' ? t.storage.waits : t.place.begins
}
