import { useState } from 'react'
import type { Section } from '@/api/settings'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { useSave } from '@/forms/section'
import { useWords } from '@/lib/words'
import { Field } from '@/ui/Field'
import { inputClass, TextInput } from '@/ui/TextInput'

/** How the box is reached. Drawn anew, with `key`, when the section changes. */
export function DoorForm({ section }: { section: Section<'door'> }) {
  const t = useWords()
  const save = useSave('door', section)
  const [names, setNames] = useState(section.value.extra_names.join('\n'))
  const [days, setDays] = useState(String(section.value.session_idle_days))
  const submit = useSubmit(() => save({
    extra_names: names.split(/\s+/).map((name) => name.trim().toLowerCase()).filter((name) => name !== ''),
    session_idle_days: Number(days),
  }))
  return (
    <form className="flex max-w-xl flex-col gap-5" onSubmit={submit.onSubmit}>
      <Field label={t.settings.extraNames} hint={t.settings.extraNamesHint}>
        {(ids) => <textarea {...ids} rows={3} spellCheck={false} value={names} onChange={(event) => { setNames(event.target.value) }} className={inputClass} />}
      </Field>
      <Field label={t.settings.idleDays}>{(ids) => <TextInput {...ids} value={days} onText={setDays} inputMode="numeric" pattern="[0-9]{1,2}" required />}</Field>
      <FormFoot submit={submit} action={t.common.save} disabled={!/^\d{1,2}$/.test(days)} />
    </form>
  )
}
