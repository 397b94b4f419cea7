import { useState } from 'react'
import { showCode } from '@/api/claim'
import { Threshold } from '@/components/Threshold'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { useFragment } from '@/lib/location'
import { codeIn } from '@/lib/pairing'
import { useWords } from '@/lib/words'
import { Steps } from '@/pages/claim/Steps'
import { Card } from '@/ui/Card'
import { Field } from '@/ui/Field'
import { TextInput } from '@/ui/TextInput'

/** Proves that the person can see the box. The code may come in the address: the console's picture has it there. */
export function CodeStep({ onDone }: { onDone: (ticket: string) => void }) {
  const t = useWords()
  const fragment = useFragment()
  const [typed, setTyped] = useState<string>()
  const scanned = codeIn(fragment)
  const code = typed ?? scanned ?? ''
  const submit = useSubmit(async () => { onDone((await showCode(code.trim())).ticket) })
  return (
    <Threshold above={<Steps at={1} />} title={t.claim.title} lead={t.claim.lead}>
      <Card title={t.claim.codeTitle}>
        <p className="text-ink-2">{scanned === undefined ? t.claim.codeLead : t.claim.codeScanned}</p>
        <form className="flex flex-col gap-5" onSubmit={submit.onSubmit}>
          <Field label={t.claim.code}>
            {(ids) => <TextInput {...ids} value={code} onText={setTyped} required autoCapitalize="characters" spellCheck={false} autoComplete="one-time-code" className="tabular text-lg tracking-widest" />}
          </Field>
          <FormFoot submit={submit} action={t.claim.continue} disabled={code.trim() === ''} />
        </form>
      </Card>
    </Threshold>
  )
}
