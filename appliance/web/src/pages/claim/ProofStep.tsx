import { useState } from 'react'
import { finishClaim } from '@/api/claim'
import type { RecoveryKit } from '@/api/types'
import { Threshold } from '@/components/Threshold'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { useWords } from '@/lib/words'
import { Steps } from '@/pages/claim/Steps'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Field } from '@/ui/Field'
import { TextInput } from '@/ui/TextInput'

/** Asks for a few words of the kit; the box compares. */
export function ProofStep({ ticket, kit, onDone, onBack }: { ticket: string; kit: RecoveryKit; onDone: () => void; onBack: () => void }) {
  const t = useWords()
  const [answers, setAnswers] = useState<Record<string, string>>({})
  const submit = useSubmit(async () => {
    await finishClaim(ticket, Object.fromEntries(Object.entries(answers).map(([at, word]) => [at, word.trim().toLowerCase()])))
    onDone()
  })
  return (
    <Threshold above={<Steps at={4} />} title={t.claim.proofTitle} lead={t.claim.proofLead}>
      <Card>
        <form className="flex flex-col gap-5" onSubmit={submit.onSubmit}>
          {kit.ask.map((at) => (
            <Field key={at} label={t.claim.word(at)}>
              {(ids) => <TextInput {...ids} value={answers[at] ?? ''} onText={(word) => { setAnswers({ ...answers, [at]: word }) }} required autoCapitalize="none" spellCheck={false} />}
            </Field>
          ))}
          <FormFoot submit={submit} action={t.claim.finish} disabled={kit.ask.some((at) => (answers[at] ?? '').trim() === '')}>
            <Button look="quiet" className="mr-auto" onClick={onBack}>{t.claim.back}</Button>
          </FormFoot>
        </form>
      </Card>
    </Threshold>
  )
}
