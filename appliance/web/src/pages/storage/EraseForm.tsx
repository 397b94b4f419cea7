import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { eraseDisk } from '@/api/disks'
import { keys } from '@/api/keys'
import { explain, isCode } from '@/api/problem'
import { prove } from '@/api/session'
import type { DiskView, ErasePlan } from '@/api/types'
import { ErrorNote } from '@/components/ErrorNote'
import { usePerson } from '@/components/person'
import { useSubmit } from '@/components/submit'
import { say } from '@/lib/notices'
import { useWords } from '@/lib/words'
import { Button } from '@/ui/Button'
import { Field } from '@/ui/Field'
import { SecretInput } from '@/ui/SecretInput'
import { TextInput } from '@/ui/TextInput'

/** Erases a disk once its label and the passphrase were typed. */
export function EraseForm({ disk, plan, onClose }: { disk: DiskView; plan: ErasePlan; onClose: () => void }) {
  const t = useWords()
  const client = useQueryClient()
  const { name } = usePerson()
  const [label, setLabel] = useState('')
  const [passphrase, setPassphrase] = useState('')
  const submit = useSubmit(async () => {
    const { proof } = await prove(passphrase, plan.proof)
    const work = await eraseDisk(disk, label.trim(), proof).finally(() => client.invalidateQueries({ queryKey: keys.disks }))
    if (work.end?.is === 'done') say(t.diskCare.erased(disk.name))
    onClose()
  })
  const wrong = isCode(submit.error, 'passphrase-wrong') || isCode(submit.error, 'too-many-guesses')
  const ready = label.trim() === plan.label && passphrase !== ''
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); if (ready) submit.onSubmit() }}>
      <Field label={t.common.typeName(plan.label)}>{(ids) => <TextInput {...ids} value={label} onText={setLabel} autoCapitalize="none" spellCheck={false} />}</Field>
      <input type="text" name="username" autoComplete="username" value={name} readOnly hidden />
      <Field label={t.storage.passphrase} hint={t.storage.passphraseWhy} error={wrong ? explain(submit.error).sentence : undefined}>
        {(ids) => <SecretInput {...ids} value={passphrase} onText={setPassphrase} words={t.common} autoComplete="current-password" />}
      </Field>
      {submit.error !== undefined && !wrong && <ErrorNote error={submit.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button type="submit" look="danger" busy={submit.busy} disabled={!ready}>{t.diskCare.doErase}</Button>
      </div>
    </form>
  )
}
