import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '@/api/keys'
import { beginChange } from '@/api/pool'
import { explain, isCode } from '@/api/problem'
import { prove } from '@/api/session'
import type { PoolChange, PoolPlan, PoolView } from '@/api/types'
import { ErrorNote } from '@/components/ErrorNote'
import { usePerson } from '@/components/person'
import { useSubmit } from '@/components/submit'
import { say } from '@/lib/notices'
import { type Words, useWords } from '@/lib/words'
import { copies } from '@/pages/storage/scene'
import { Button } from '@/ui/Button'
import { Field } from '@/ui/Field'
import { SecretInput } from '@/ui/SecretInput'
import { TextInput } from '@/ui/TextInput'

/** Begins a change that was shown: the label of what is lost is typed first, and the passphrase where the box wants a proof. */
export function PlanForm({ change, plan, onClose }: { change: PoolChange; plan: PoolPlan; onClose: () => void }) {
  const t = useWords()
  const client = useQueryClient()
  const { name } = usePerson()
  const [label, setLabel] = useState('')
  const [passphrase, setPassphrase] = useState('')
  const { proof: wanted } = plan
  const submit = useSubmit(async () => {
    const proof = wanted == null ? undefined : (await prove(passphrase, wanted)).proof
    try {
      const pool = await beginChange(withLabel(change, label.trim()), proof)
      client.setQueryData<PoolView>(keys.pool, { is: 'present', ...pool })
    } catch (error) {
      // What is on a disk may be another now than what was shown.
      void client.invalidateQueries({ queryKey: keys.disks })
      throw error
    }
    say(t.storage.begins)
    onClose()
  })
  const wrong = isCode(submit.error, 'passphrase-wrong') || isCode(submit.error, 'too-many-guesses')
  const ready = (plan.label == null || label.trim() === plan.label) && (wanted == null || passphrase !== '')
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); if (ready) submit.onSubmit() }}>
      {plan.label != null && <Field label={t.common.typeName(plan.label)}>{(ids) => <TextInput {...ids} value={label} onText={setLabel} autoCapitalize="none" spellCheck={false} />}</Field>}
      {wanted != null && (
        <>
          <input type="text" name="username" autoComplete="username" value={name} readOnly hidden />
          <Field label={t.storage.passphrase} hint={t.storage.passphraseWhy} error={wrong ? explain(submit.error).sentence : undefined}>
            {(ids) => <SecretInput {...ids} value={passphrase} onText={setPassphrase} words={t.common} autoComplete="current-password" />}
          </Field>
        </>
      )}
      {submit.error !== undefined && !wrong && <ErrorNote error={submit.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button type="submit" look={destroys(change, plan) ? 'danger' : 'primary'} busy={submit.busy} disabled={!ready}>{action(t, change, plan)}</Button>
      </div>
    </form>
  )
}

/** The change with what was typed, where something is typed. */
const withLabel = (change: PoolChange, label: string): PoolChange =>
  (change.do === 'grow' || change.do === 'replace') && label !== '' ? { ...change, disk: { ...change.disk, label } } : change

/** Whether contents are lost, or safety. */
const destroys = (change: PoolChange, plan: PoolPlan): boolean =>
  plan.label != null || copies[plan.protection_after] < copies[plan.protection_before] || change.do === 'remove'

function action(t: Words, change: PoolChange, plan: PoolPlan): string {
  const does = t.storage.does
  if (plan.label != null && change.do === 'grow') return does.eraseGrow
  if (plan.label != null && change.do === 'replace') return does.eraseReplace
  return does[change.do]
}
