import { useState } from 'react'
import { showCode } from '@/api/claim'
import { Threshold } from '@/components/Threshold'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { useWords } from '@/lib/words'
import { Steps } from '@/pages/claim/Steps'
import { Card } from '@/ui/Card'
import { Field } from '@/ui/Field'
import { TextInput } from '@/ui/TextInput'

/** Proves that the person can see the box. */
export function CodeStep({ onDone }: { onDone: (ticket: string) => Promise<void> }) {
  const t = useWords()
  const [code, setCode] = useState('')
  const submit = useSubmit(async () => { await onDone((await showCode(code.trim())).ticket) })
  return (
    <Threshold above={<Steps at={1} />} title={t.claim.title} lead={t.claim.lead}>
      <Card title={t.claim.codeTitle}>
        <p className="text-ink-2">{t.claim.codeLead}</p>
        <form className="flex flex-col gap-5" onSubmit={submit.onSubmit}>
          <Field label={t.claim.code}>
            {(ids) => <TextInput {...ids} value={code} onText={setCode} required autoCapitalize="characters" spellCheck={false} autoComplete="one-time-code" className="tabular text-lg tracking-widest" />}
          </Field>
          <FormFoot submit={submit} action={t.claim.continue} disabled={code.trim() === ''} />
        </form>
      </Card>
    </Threshold>
  )
}
