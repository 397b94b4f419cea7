import { useId, useState } from 'react'
import type { Section } from '@/api/settings'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { useSave } from '@/forms/section'
import { useWords } from '@/lib/words'
import { Field } from '@/ui/Field'
import { Select } from '@/ui/Select'
import { TextInput } from '@/ui/TextInput'

/** Where the box is in time. Drawn anew, with `key`, when the section changes. */
export function TimeForm({ section }: { section: Section<'time'> }) {
  const t = useWords()
  const list = useId()
  const save = useSave('time', section)
  const { value } = section
  const [zone, setZone] = useState(value.zone)
  const [ntp, setNtp] = useState(value.ntp)
  const [servers, setServers] = useState(value.ntp_servers.join(' '))
  const submit = useSubmit(() => save({ zone: zone.trim(), ntp, ntp_servers: servers.split(/[\s,]+/).filter((one) => one !== '') }))
  return (
    <form className="flex max-w-xl flex-col gap-5" onSubmit={submit.onSubmit}>
      <Field label={t.network.zone} hint={t.network.zoneHint}>
        {(ids) => <TextInput {...ids} value={zone} onText={setZone} required maxLength={64} list={list} autoCapitalize="none" spellCheck={false} />}
      </Field>
      <datalist id={list}>{['UTC', ...Intl.supportedValuesOf('timeZone')].map((name) => <option key={name} value={name} />)}</datalist>
      <Field label={t.network.ntp} hint={ntp === 'on' ? t.network.ntpOnHint : t.network.ntpOffHint}>
        {(ids) => <Select {...ids} value={ntp} options={[['on', t.network.ntpOn], ['off', t.network.ntpOff]]} onChoose={setNtp} />}
      </Field>
      {ntp === 'on' && (
        <Field label={t.network.servers} hint={t.network.serversHint}>
          {(ids) => <TextInput {...ids} value={servers} onText={setServers} autoCapitalize="none" spellCheck={false} />}
        </Field>
      )}
      <FormFoot submit={submit} action={t.common.save} disabled={zone.trim() === ''} />
    </form>
  )
}
