import { useState } from 'react'
import { newWebhookKey } from '@/api/notify'
import { patchSection, type Section } from '@/api/settings'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { useWords } from '@/lib/words'
import { useNotifyWords } from '@/lib/words/notify'
import { Field } from '@/ui/Field'
import { TextInput } from '@/ui/TextInput'

/** A new webhook; answers with its key, which the box shows this once. */
export function WebhookForm({ section, onDone, onCancel }: { section: Section<'notify'>; onDone: (made: { name: string; key: string }) => void; onCancel: () => void }) {
  const [t, n] = [useWords(), useNotifyWords()]
  const [name, setName] = useState('')
  const [url, setUrl] = useState('')
  const taken = Object.hasOwn(section.value.webhooks, name.trim())
  const submit = useSubmit(async () => {
    const called = name.trim()
    await patchSection('notify', section.etag, { webhooks: { [called]: { url: url.trim() } } })
    onDone({ name: called, key: (await newWebhookKey(called)).key })
  })
  const plain = { autoCapitalize: 'none', spellCheck: false } as const
  return (
    <form className="flex flex-col gap-4" onSubmit={submit.onSubmit}>
      <Field label={n.name} hint={n.nameHint} error={taken ? n.nameTaken : undefined}>{(ids) => <TextInput {...ids} {...plain} value={name} onText={setName} required maxLength={32} />}</Field>
      <Field label={n.url} hint={n.urlHint}>{(ids) => <TextInput {...ids} {...plain} value={url} onText={setUrl} required type="url" maxLength={2048} />}</Field>
      <FormFoot submit={submit} action={n.addWebhook} disabled={name.trim() === '' || taken || url.trim() === ''} cancel={t.common.cancel} onCancel={onCancel} />
    </form>
  )
}
