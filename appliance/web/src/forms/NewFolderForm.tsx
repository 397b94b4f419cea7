import { useState } from 'react'
import { makeFolder } from '@/api/dav'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { isFileName, type Path } from '@/lib/path'
import { useWords } from '@/lib/words'
import { Field } from '@/ui/Field'
import { TextInput } from '@/ui/TextInput'

/** Asks for the name of a new folder and makes it. */
export function NewFolderForm({ person, folder, onDone, onCancel }: { person: string; folder: Path; onDone: (name: string) => void; onCancel: () => void }) {
  const t = useWords()
  const [name, setName] = useState('')
  const submit = useSubmit(async () => {
    await makeFolder(person, [...folder, name])
    onDone(name)
  })
  const bad = name !== '' && !isFileName(name)
  return (
    <form className="flex flex-col gap-4" onSubmit={submit.onSubmit}>
      <Field label={t.files.folderName} error={bad ? t.files.badName : undefined}>{(ids) => <TextInput {...ids} value={name} onText={setName} required />}</Field>
      <FormFoot submit={submit} action={t.files.create} disabled={name === '' || bad} cancel={t.common.cancel} onCancel={onCancel} />
    </form>
  )
}
