import { useState } from 'react'
import { nameOwner, type Owner } from '@/api/claim'
import type { RecoveryKit } from '@/api/types'
import { Threshold } from '@/components/Threshold'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { PassphraseField } from '@/forms/PassphraseField'
import { signInNameFrom } from '@/lib/names'
import { strengthOf } from '@/lib/strength'
import { useWords } from '@/lib/words'
import { Steps } from '@/pages/claim/Steps'
import { Card } from '@/ui/Card'
import { Field } from '@/ui/Field'
import { TextInput } from '@/ui/TextInput'

/** Names the box and its owner. */
export function PersonStep({ ticket, onDone }: { ticket: string; onDone: (kit: RecoveryKit, owner: Owner) => void }) {
  const t = useWords()
  const [boxName, setBoxName] = useState('')
  const [displayName, setDisplayName] = useState('')
  const [typedName, setTypedName] = useState<string>()
  const [passphrase, setPassphrase] = useState('')
  const name = typedName ?? signInNameFrom(displayName)
  const submit = useSubmit(async () => {
    const owner = { box_name: boxName.trim(), display_name: displayName.trim(), name, passphrase }
    onDone(await nameOwner(ticket, owner), owner)
  })
  const short = ['empty', 'short'].includes(strengthOf(passphrase))
  return (
    <Threshold above={<Steps at={2} />} title={t.claim.personTitle} lead={t.claim.personLead}>
      <Card>
        <form className="flex flex-col gap-5" onSubmit={submit.onSubmit}>
          <Field label={t.claim.boxName} hint={t.claim.boxNameHint}>{(ids) => <TextInput {...ids} value={boxName} onText={setBoxName} required maxLength={64} />}</Field>
          <Field label={t.claim.displayName}>{(ids) => <TextInput {...ids} value={displayName} onText={setDisplayName} required maxLength={64} autoComplete="name" />}</Field>
          <Field label={t.claim.name} hint={t.claim.nameHint}>
            {(ids) => <TextInput {...ids} value={name} onText={setTypedName} required maxLength={32} name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} />}
          </Field>
          <PassphraseField label={t.claim.passphrase} value={passphrase} onText={setPassphrase} />
          <FormFoot submit={submit} action={t.claim.continue} disabled={boxName.trim() === '' || displayName.trim() === '' || name === '' || short} />
        </form>
      </Card>
    </Threshold>
  )
}
