import { useState } from 'react'
import type { Section } from '@/api/settings'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { useSave } from '@/forms/section'
import { useNotifyWords } from '@/lib/words/notify'
import { Button } from '@/ui/Button'
import { Field } from '@/ui/Field'
import { Select } from '@/ui/Select'
import { TextInput } from '@/ui/TextInput'

/** How mail is sent, and to whom. Drawn anew, with `key`, when the section changes. */
export function MailForm({ section }: { section: Section<'notify'> }) {
  const n = useNotifyWords()
  const save = useSave('notify', section)
  const { mail } = section.value
  const [server, setServer] = useState(mail?.server ?? '')
  const [port, setPort] = useState(mail?.port == null ? '' : String(mail.port))
  const [security, setSecurity] = useState(mail?.security ?? 'tls')
  const [user, setUser] = useState(mail?.user ?? '')
  const [from, setFrom] = useState(mail?.from ?? '')
  const [to, setTo] = useState(mail?.to.join(' ') ?? '')
  const submit = useSubmit(() => save({
    mail: {
      server: server.trim(), port: port === '' ? null : Number(port), security, user: user.trim() === '' ? null : user.trim(),
      from: from.trim(), to: to.split(/[\s,;]+/).filter((one) => one !== ''),
    },
  }))
  const remove = useSubmit(() => save({ mail: null }))
  const plain = { autoCapitalize: 'none', spellCheck: false } as const
  return (
    <form className="flex max-w-xl flex-col gap-5" onSubmit={submit.onSubmit}>
      <Field label={n.server} hint={n.serverHint}>{(ids) => <TextInput {...ids} {...plain} value={server} onText={setServer} required maxLength={253} />}</Field>
      <Field label={n.security}>
        {(ids) => <Select {...ids} value={security} options={[['tls', n.tls], ['starttls', n.starttls]]} onChoose={setSecurity} />}
      </Field>
      <Field label={n.port} hint={n.portHint}>
        {(ids) => <TextInput {...ids} value={port} onText={(text) => { setPort(text.replace(/\D/g, '')) }} inputMode="numeric" maxLength={5} />}
      </Field>
      <Field label={n.user} hint={n.userHint}>{(ids) => <TextInput {...ids} {...plain} value={user} onText={setUser} maxLength={256} autoComplete="off" />}</Field>
      <Field label={n.from}>{(ids) => <TextInput {...ids} {...plain} value={from} onText={setFrom} required type="email" maxLength={254} />}</Field>
      <Field label={n.to} hint={n.toHint}>{(ids) => <TextInput {...ids} {...plain} value={to} onText={setTo} required maxLength={2048} />}</Field>
      <FormFoot submit={submit.error === undefined ? { ...submit, error: remove.error } : submit} action={n.saveMail} disabled={server.trim() === '' || from.trim() === '' || to.trim() === ''}>
        {mail != null && <Button busy={remove.busy} onClick={() => { remove.onSubmit() }}>{n.removeMail}</Button>}
      </FormFoot>
    </form>
  )
}
