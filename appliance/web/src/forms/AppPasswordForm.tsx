import { useState } from 'react'
import { addAppPassword } from '@/api/account'
import type { AppPassword } from '@/api/types'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { useWords } from '@/lib/words'
import { Field } from '@/ui/Field'
import { TextInput } from '@/ui/TextInput'

/** A new app password; answers with its secret, which the box shows this once. */
export function AppPasswordForm({ onDone, onCancel }: { onDone: (made: AppPassword) => void; onCancel: () => void }) {
  const t = useWords()
  const [name, setName] = useState('')
  const submit = useSubmit(async () => { onDone(await addAppPassword(name.trim())) })
  return (
    <form className="flex flex-col gap-4" onSubmit={submit.onSubmit}>
      <Field label={t.settings.appPasswordName} hint={t.settings.appPasswordNameHint}>{(ids) => <TextInput {...ids} value={name} onText={setName} required maxLength={64} />}</Field>
      <FormFoot submit={submit} action={t.settings.addAppPassword} disabled={name.trim() === ''} cancel={t.common.cancel} onCancel={onCancel} />
    </form>
  )
}
