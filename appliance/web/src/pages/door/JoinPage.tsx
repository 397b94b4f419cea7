import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '@/api/keys'
import { join } from '@/api/session'
import { Threshold } from '@/components/Threshold'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { PassphraseField } from '@/forms/PassphraseField'
import { navigate, useFragment } from '@/lib/location'
import { say } from '@/lib/notices'
import { paths } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { BackToDoor } from '@/pages/door/BackToDoor'
import { Card } from '@/ui/Card'
import { Field } from '@/ui/Field'
import { TextInput } from '@/ui/TextInput'

/** Takes up an invitation. The code may come in the link's fragment, which no log sees. */
export function JoinPage() {
  const t = useWords()
  const client = useQueryClient()
  const fragment = useFragment()
  const [typed, setTyped] = useState<string>()
  const [passphrase, setPassphrase] = useState('')
  const code = typed ?? fragment
  const submit = useSubmit(async () => {
    await join(code.trim(), passphrase)
    say(t.door.joined)
    await client.resetQueries({ queryKey: keys.session })
    navigate(paths.home, 'replace')
  })
  return (
    <Threshold title={t.door.joinTitle} lead={t.door.joinLead}>
      <Card>
        <form className="flex flex-col gap-5" onSubmit={submit.onSubmit}>
          <Field label={t.door.code}>{(ids) => <TextInput {...ids} value={code} onText={setTyped} required autoCapitalize="none" spellCheck={false} />}</Field>
          <PassphraseField label={t.door.passphrase} value={passphrase} onText={setPassphrase} />
          <FormFoot submit={submit} action={t.door.join} disabled={code.trim() === '' || passphrase === ''} />
        </form>
      </Card>
      <BackToDoor />
    </Threshold>
  )
}
