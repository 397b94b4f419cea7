import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '@/api/keys'
import { signIn } from '@/api/session'
import { Threshold } from '@/components/Threshold'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { paths } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { Card } from '@/ui/Card'
import { Field } from '@/ui/Field'
import { Link } from '@/ui/Link'
import { SecretInput } from '@/ui/SecretInput'
import { TextInput } from '@/ui/TextInput'

/** Signs in at whatever address was asked for, so that one goes on where one was. */
export function SignInPage({ box }: { box: string }) {
  const t = useWords()
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [passphrase, setPassphrase] = useState('')
  const submit = useSubmit(async () => {
    await signIn(name.trim().toLowerCase(), passphrase)
    await client.resetQueries({ queryKey: keys.session })
  })
  return (
    <Threshold title={t.door.title(box)} lead={t.door.lead}>
      <Card>
        <form className="flex flex-col gap-5" onSubmit={submit.onSubmit}>
          <Field label={t.door.name}>{(ids) => <TextInput {...ids} value={name} onText={setName} required name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} />}</Field>
          <Field label={t.door.passphrase}>{(ids) => <SecretInput {...ids} value={passphrase} onText={setPassphrase} words={t.common} name="password" autoComplete="current-password" required />}</Field>
          <FormFoot submit={submit} action={t.door.signIn} disabled={name === '' || passphrase === ''} />
        </form>
      </Card>
      <p className="mt-5 flex flex-wrap justify-between gap-x-6 gap-y-2 text-sm">
        <Link href={paths.recover} className="underline underline-offset-4">{t.door.forgotten}</Link>
        <Link href={paths.join} className="underline underline-offset-4">{t.door.invited}</Link>
      </p>
    </Threshold>
  )
}
