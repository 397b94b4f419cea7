import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '@/api/keys'
import { makeLink, type LinkKind } from '@/api/links'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { say } from '@/lib/notices'
import type { Entry } from '@/lib/propfind'
import { useWords } from '@/lib/words'
import { Field } from '@/ui/Field'
import { Select } from '@/ui/Select'
import { TextInput } from '@/ui/TextInput'

const DAYS = ['7', '30', '90', '365', 'never'] as const
type Days = (typeof DAYS)[number]

/** Makes a link to a file or folder. */
export function LinkForm({ entry }: { entry: Entry }) {
  const t = useWords()
  const client = useQueryClient()
  const [kind, setKind] = useState<LinkKind>('read')
  const [days, setDays] = useState<Days>('30')
  const [password, setPassword] = useState('')
  const [downloads, setDownloads] = useState('')
  const kinds = (entry.kind === 'folder' ? ['read', 'drop', 'edit'] as const : ['read', 'edit'] as const).map((one) => [one, t.links.kinds[one]] as const)
  const most = downloads === '' ? 0 : Number(downloads)
  const wrong = downloads !== '' && !(Number.isInteger(most) && most > 0)
  const submit = useSubmit(async () => {
    if (wrong) return
    const expires = days === 'never' ? 0 : Math.floor(Date.now() / 1000) + Number(days) * 86_400
    await makeLink(entry.path, { kind, expires, password, downloads: kind === 'drop' ? 0 : most })
    await client.invalidateQueries({ queryKey: keys.links })
    setPassword('')
    say(t.links.made)
  })
  return (
    <form onSubmit={submit.onSubmit} className="flex flex-col gap-4">
      <Field label={t.links.kind}>{(ids) => <Select {...ids} value={kind} options={kinds} onChoose={setKind} />}</Field>
      <Field label={t.links.until}>
        {(ids) => <Select {...ids} value={days} options={DAYS.map((one) => [one, one === 'never' ? t.links.never : t.links.days(Number(one))] as const)} onChoose={setDays} />}
      </Field>
      <Field label={t.links.password} hint={t.links.passwordHint}>{(ids) => <TextInput {...ids} value={password} onText={setPassword} maxLength={200} />}</Field>
      {kind !== 'drop' && (
        <Field label={t.links.downloads} hint={t.links.downloadsHint} error={wrong ? t.links.downloadsWrong : undefined}>
          {(ids) => <TextInput {...ids} value={downloads} onText={setDownloads} inputMode="numeric" maxLength={6} />}
        </Field>
      )}
      <FormFoot submit={submit} action={t.links.make} />
    </form>
  )
}
