import { useState } from 'react'
import type { Section } from '@/api/settings'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { useSave } from '@/forms/section'
import { languageNames, useWords } from '@/lib/words'
import { Field } from '@/ui/Field'
import { Select } from '@/ui/Select'
import { TextInput } from '@/ui/TextInput'

const languages = [['en', languageNames.en], ['de', languageNames.de]] as const

/** What the box is called. Drawn anew, with `key`, when the section changes. */
export function BoxForm({ section }: { section: Section<'box'> }) {
  const t = useWords()
  const save = useSave('box', section)
  const { value } = section
  const [name, setName] = useState(value.name)
  const [host, setHost] = useState(value.host)
  const [tongue, setTongue] = useState(value.language)
  const submit = useSubmit(() => save({
    ...(name === value.name ? {} : { name }), ...(host === value.host ? {} : { host }), ...(tongue === value.language ? {} : { language: tongue }),
  }))
  const same = name === value.name && host === value.host && tongue === value.language
  return (
    <form className="flex max-w-xl flex-col gap-5" onSubmit={submit.onSubmit}>
      <Field label={t.settings.boxName}>{(ids) => <TextInput {...ids} value={name} onText={setName} required maxLength={64} />}</Field>
      <Field label={t.settings.host} hint={t.settings.hostHint(host)}>
        {(ids) => <TextInput {...ids} value={host} onText={setHost} required maxLength={63} autoCapitalize="none" spellCheck={false} />}
      </Field>
      <Field label={t.settings.language}>{(ids) => <Select {...ids} value={tongue} options={languages} onChoose={setTongue} />}</Field>
      <FormFoot submit={submit} action={t.common.save} disabled={same || name.trim() === ''} />
    </form>
  )
}
