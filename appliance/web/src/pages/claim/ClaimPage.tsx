import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Owner } from '@/api/claim'
import type { RecoveryKit } from '@/api/types'
import { keys } from '@/api/keys'
import { CodeStep } from '@/pages/claim/CodeStep'
import { DoneStep } from '@/pages/claim/DoneStep'
import { KitStep } from '@/pages/claim/KitStep'
import { PersonStep } from '@/pages/claim/PersonStep'
import { ProofStep } from '@/pages/claim/ProofStep'

type Step =
  | { at: 'code' }
  | { at: 'person'; ticket: string }
  | { at: 'kit' | 'proof'; ticket: string; kit: RecoveryKit; owner: Owner }
  | { at: 'done'; owner: Owner }

/** First run: from the pairing code to "All set". The passphrase and the words live in this page's memory only. */
export function ClaimPage() {
  const client = useQueryClient()
  const [step, setStep] = useState<Step>({ at: 'code' })
  useEffect(() => {
    if (step.at !== 'kit' && step.at !== 'proof') return
    // Leaving now would lose the words that were shown.
    const ask = (event: BeforeUnloadEvent): void => { event.preventDefault() }
    addEventListener('beforeunload', ask)
    return () => { removeEventListener('beforeunload', ask) }
  }, [step.at])
  switch (step.at) {
    case 'code': return <CodeStep onDone={(ticket) => { setStep({ at: 'person', ticket }) }} />
    case 'person': return <PersonStep ticket={step.ticket} onDone={(kit, owner) => { setStep({ ...step, at: 'kit', kit, owner }) }} />
    case 'kit': return <KitStep kit={step.kit} owner={step.owner} onDone={() => { setStep({ ...step, at: 'proof' }) }} />
    case 'proof': return <ProofStep ticket={step.ticket} kit={step.kit} onBack={() => { setStep({ ...step, at: 'kit' }) }} onDone={() => { setStep({ at: 'done', owner: step.owner }) }} />
    case 'done': return <DoneStep box={step.owner.box_name} onDone={() => void client.resetQueries({ queryKey: keys.session }).then(() => client.resetQueries({ queryKey: keys.claim }))} />
  }
}
