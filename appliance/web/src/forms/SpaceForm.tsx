import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { folderQuery } from '@/api/dav'
import { addSpace } from '@/api/spaces'
import type { PersonEntry, Right } from '@/api/types'
import { usePerson } from '@/components/person'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { MemberFields } from '@/forms/MemberFields'
import { isFileName } from '@/lib/path'
import { useWords } from '@/lib/words'
import { Field } from '@/ui/Field'
import { TextInput } from '@/ui/TextInput'

/** A new shared space: its folder's name and who may do what in it. */
export function SpaceForm({ people, self, onDone, onCancel }: { people: readonly PersonEntry[]; self: string; onDone: (name: string) => void; onCancel: () => void }) {
  const t = useWords()
  const [name, setName] = useState('')
  const [members, setMembers] = useState<Record<string, Right>>({ [self]: 'manage' })
  const submit = useSubmit(async () => {
    await addSpace(name, members)
    onDone(name)
  })
  // A shared space lies beside one's own folders. Where one has its name it would be called otherwise there, which its maker hardly wants.
  const own = useQuery(folderQuery(usePerson().name, []))
  const taken = own.data?.entries.some((entry) => entry.name.toLowerCase() === name.toLowerCase()) === true
  const bad = name !== '' && !isFileName(name)
  const wrong = bad ? t.files.badName : taken ? t.settings.spaceTaken : undefined
  return (
    <form className="flex flex-col gap-4" onSubmit={submit.onSubmit}>
      <Field label={t.settings.spaceName} error={wrong}>{(ids) => <TextInput {...ids} value={name} onText={setName} required maxLength={100} />}</Field>
      <MemberFields people={people} members={members} onChange={setMembers} />
      <FormFoot submit={submit} action={t.settings.addSpace} disabled={name === '' || wrong !== undefined} cancel={t.common.cancel} onCancel={onCancel} />
    </form>
  )
}
