import type { ReactNode } from 'react'
import type { PoolChange, PoolPlan } from '@/api/types'
import { contentsOf, diskInFull } from '@/components/disks'
import { bytes, roughly } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { copies, type Scene } from '@/pages/storage/scene'
import { stepWords } from '@/pages/storage/sentences'

/** What a change would do, in words, and what it would cost. */
export function PlanFacts({ scene, change, plan }: { scene: Scene; change: PoolChange; plan: PoolPlan }) {
  const t = useWords()
  const locale = useLocale()
  const { protection_before: before, protection_after: after } = plan
  // Somewhere a copy is missing now.
  const settled = scene.pool.state !== 'disk-missing' && scene.pool.state !== 'doubtful'
  const disk = scene.disks.find(({ id }) => id === plan.overwrites)
  const [room, roomAfter] = [bytes(plan.usable_before, locale), bytes(plan.usable_after, locale)]
  return (
    <>
      {disk && (
        disk.holds.is === 'nothing' && !disk.half_installed ? <p className="text-ink-2">{t.storage.emptyDisk(diskInFull(t, disk, locale))}</p> : (
          <div className="flex flex-col gap-1 rounded-2 bg-bad-soft px-4 py-3 text-bad">
            <p className="font-semibold">{t.storage.erased(diskInFull(t, disk, locale))}</p>
            <ul className="flex list-disc flex-col pl-5 text-sm">{contentsOf(t, disk, locale).map((line, at) => <li key={at} className="break-words">{line}</li>)}</ul>
          </div>
        )
      )}
      <dl className="flex flex-col gap-2.5 text-sm">
        <Fact name={t.storage.happens}>
          {plan.steps.length === 1 && plan.steps[0] ? stepWords(t, plan.steps[0], change, before) : (
            <ol className="flex list-decimal flex-col gap-0.5 pl-4">{plan.steps.map((step) => <li key={step}>{stepWords(t, step, change, before)}</li>)}</ol>
          )}
        </Fact>
        {change.do !== 'scrub' && <Fact name={t.storage.howSafe}><span className={copies[after] < copies[before] ? 'font-semibold text-warn' : undefined}>{after === before && settled ? t.storage.asNow(t.storage.safe[after]) : t.storage.fromThen(t.storage.safe[after])}</span></Fact>}
        {change.do !== 'scrub' && <Fact name={t.storage.roomFor}>{room === roomAfter ? t.storage.asNow(room) : t.storage.nowThen(room, roomAfter)}</Fact>}
        <Fact name={t.storage.howLong}>{t.storage.about(roughly(plan.seconds))}</Fact>
        <Fact name={t.storage.powerCut}>{t.storage.powerCutHelp}</Fact>
        <Fact name={t.storage.givingUp}>{plan.can_be_cancelled ? t.storage.canCancel : t.storage.cannotCancel}</Fact>
      </dl>
    </>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid gap-x-4 sm:grid-cols-[8.5rem_1fr]">
      <dt className="font-semibold text-ink-2">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </div>
  )
}
