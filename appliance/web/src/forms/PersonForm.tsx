import { useState } from 'react'
import { addPerson, invite } from '@/api/people'
import type { Invitation, PersonRole } from '@/api/types'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { signInNameFrom } from '@/lib/names'
import { useWords } from '@/lib/words'
import { Field } from '@/ui/Field'
import { Select } from '@/ui/Select'
import { TextInput } from '@/ui/TextInput'

/** A new person; answers with the invitation to hand over. */
export function PersonForm({ onDone, onCancel }: { onDone: (name: string, invitation: Invitation) => void; onCancel: () => void }) {
  const t = useWords()
  const [displayName, setDisplayName] = useState('')
  const [typedName, setTypedName] = useState<string>()
  const [role, setRole] = useState<PersonRole>('member')
  const name = typedName ?? signInNameFrom(displayName)
  const submit = useSubmit(async () => {
    const person = await addPerson({ name, display_name: displayName.trim(), role })
    onDone(displayName.trim(), await invite(person.id))
  })
  return (
    <form className="flex flex-col gap-4" onSubmit={submit.onSubmit}>
      <Field label={t.settings.displayName}>{(ids) => <TextInput {...ids} value={displayName} onText={setDisplayName} required maxLength={64} />}</Field>
      <Field label={t.settings.signInName} hint={t.settings.signInNameHint}>
        {(ids) => <TextInput {...ids} value={name} onText={setTypedName} required maxLength={32} autoCapitalize="none" spellCheck={false} />}
      </Field>
      <Field label={t.settings.role} hint={t.settings.roleHint}>
        {(ids) => <Select {...ids} value={role} onChoose={setRole} options={[['member', t.settings.member], ['owner', t.settings.owner]] as const} />}
      </Field>
      <FormFoot submit={submit} action={t.settings.addPerson} disabled={displayName.trim() === '' || name === ''} cancel={t.common.cancel} onCancel={onCancel} />
    </form>
  )
}
