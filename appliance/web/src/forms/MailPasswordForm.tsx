import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '@/api/keys'
import { setMailPassword } from '@/api/notify'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { say } from '@/lib/notices'
import { useWords } from '@/lib/words'
import { useNotifyWords } from '@/lib/words/notify'
import { Field } from '@/ui/Field'
import { SecretInput } from '@/ui/SecretInput'

/** The password of the account in the settings: it is written, and never read. */
export function MailPasswordForm({ account, isSet }: { account: { server: string; port: number; user: string; authority: string | null }; isSet: boolean }) {
  const [t, n] = [useWords(), useNotifyWords()]
  const client = useQueryClient()
  const [password, setPassword] = useState('')
  const submit = useSubmit(async () => {
    await setMailPassword(account, password)
    setPassword('')
    say(n.passwordKept)
    await client.invalidateQueries({ queryKey: keys.notify })
  })
  return (
    <form className="flex max-w-xl flex-col gap-4" onSubmit={submit.onSubmit}>
      <p className={isSet ? 'text-ink-2' : 'text-warn'}>{isSet ? n.passwordSet : n.passwordNotSet}</p>
      <Field label={n.password} hint={n.passwordHint}>
        {(ids) => <SecretInput {...ids} words={t.common} value={password} onText={setPassword} required maxLength={1024} autoComplete="off" />}
      </Field>
      <FormFoot submit={submit} action={n.setPassword} disabled={password === ''} />
    </form>
  )
}
