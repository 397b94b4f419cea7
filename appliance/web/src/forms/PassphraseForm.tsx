import { useState } from 'react'
import { changePassphrase } from '@/api/session'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { PassphraseField } from '@/forms/PassphraseField'
import { say } from '@/lib/notices'
import { useWords } from '@/lib/words'
import { Field } from '@/ui/Field'
import { SecretInput } from '@/ui/SecretInput'

/** Changes one's own passphrase. */
export function PassphraseForm({ name }: { name: string }) {
  const t = useWords()
  const [old, setOld] = useState('')
  const [next, setNext] = useState('')
  const submit = useSubmit(async () => {
    await changePassphrase(old, next)
    setOld('')
    setNext('')
    say(t.settings.passphraseChanged)
  })
  return (
    <form className="flex max-w-xl flex-col gap-5" onSubmit={submit.onSubmit}>
      <input type="text" name="username" autoComplete="username" value={name} readOnly hidden />
      <Field label={t.settings.oldPassphrase}>{(ids) => <SecretInput {...ids} value={old} onText={setOld} words={t.common} autoComplete="current-password" required />}</Field>
      <PassphraseField label={t.settings.newPassphrase} value={next} onText={setNext} />
      <FormFoot submit={submit} action={t.settings.changePassphrase} disabled={old === '' || next === ''} />
    </form>
  )
}
