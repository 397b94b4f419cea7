import { useState } from 'react'
import type { Section } from '@/api/settings'
import type { PersonEntry, SpaceEntry } from '@/api/types'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { useSave } from '@/forms/section'
import { useWords } from '@/lib/words'
import { useSharesWords } from '@/lib/words/shares'
import { Field } from '@/ui/Field'
import { Select } from '@/ui/Select'
import { TextInput } from '@/ui/TextInput'

/** Whether drives are served, of which spaces, and whose Macs keep their backups here. Drawn anew, with `key`, when the section changes. */
export function SharesForm({ section, spaces, people }: { section: Section<'shares'>; spaces: readonly SpaceEntry[]; people: readonly PersonEntry[] }) {
  const t = useWords()
  const s = useSharesWords()
  const save = useSave('shares', section)
  const { value } = section
  const [serve, setServe] = useState(value.serve)
  const [off, setOff] = useState<ReadonlySet<string>>(new Set(Object.keys(value.spaces).filter((id) => value.spaces[id] === 'off')))
  const [rooms, setRooms] = useState<Record<string, string>>(Object.fromEntries(Object.entries(value.time_machine).map(([id, { quota_gib }]) => [id, String(quota_gib)])))
  const live = spaces.filter((space) => space.archived_at == null)
  const submit = useSubmit(() => save({
    serve,
    spaces: Object.fromEntries(live.map(({ id }) => [id, off.has(id) ? 'off' : null])),
    time_machine: Object.fromEntries(people.map(({ id }) => [id, (rooms[id] ?? '').trim() === '' ? null : { quota_gib: Number(rooms[id]) }])),
  }))
  const toggle = (id: string, state: 'on' | 'off'): void => {
    const next = new Set(off)
    if (state === 'off') next.add(id)
    else next.delete(id)
    setOff(next)
  }
  return (
    <form className="flex max-w-xl flex-col gap-5" onSubmit={submit.onSubmit}>
      <Field label={s.serve} hint={serve === 'on' ? s.serveOnHint : s.serveOffHint}>
        {(ids) => <Select {...ids} value={serve} options={[['on', s.on], ['off', s.off]]} onChoose={setServe} />}
      </Field>
      {serve === 'on' && live.map(({ id, name }) => (
        <Field key={id} label={s.space(name)}>
          {(ids) => <Select {...ids} value={off.has(id) ? 'off' : 'on'} options={[['on', s.on], ['off', s.off]]} onChoose={(state) => { toggle(id, state) }} />}
        </Field>
      ))}
      {serve === 'on' && people.map(({ id, display_name }) => (
        <Field key={id} label={s.timeMachine(display_name)} hint={s.timeMachineHint}>
          {(ids) => <TextInput {...ids} value={rooms[id] ?? ''} onText={(text) => { setRooms({ ...rooms, [id]: text.replace(/\D/g, '') }) }} inputMode="numeric" maxLength={7} />}
        </Field>
      ))}
      <FormFoot submit={submit} action={t.common.save} />
    </form>
  )
}
