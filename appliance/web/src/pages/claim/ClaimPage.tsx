import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Owner } from '@/api/claim'
import { installOffer } from '@/api/install'
import type { InstallOffer, RecoveryKit } from '@/api/types'
import { keys } from '@/api/keys'
import { CodeStep } from '@/pages/claim/CodeStep'
import { DoneStep } from '@/pages/claim/DoneStep'
import { KitStep } from '@/pages/claim/KitStep'
import { PersonStep } from '@/pages/claim/PersonStep'
import { PlaceStep } from '@/pages/claim/PlaceStep'
import { ProofStep } from '@/pages/claim/ProofStep'

type Step =
  | { at: 'code' }
  | { at: 'place'; ticket: string; offer: InstallOffer }
  | { at: 'person'; ticket: string }
  | { at: 'kit' | 'proof'; ticket: string; kit: RecoveryKit; owner: Owner }
  | { at: 'done'; owner: Owner }

/** Who cannot be asked where the box shall live is not kept from claiming it. */
async function afterCode(ticket: string): Promise<Step> {
  const offer = await installOffer(ticket).catch(() => undefined)
  const asks = offer !== undefined && (offer.offered || offer.installation.is !== 'none')
  return asks ? { at: 'place', ticket, offer } : { at: 'person', ticket }
}

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
    case 'code': return <CodeStep onDone={async (ticket) => { setStep(await afterCode(ticket)) }} />
    case 'place': return <PlaceStep ticket={step.ticket} offer={step.offer} onStay={() => { setStep({ at: 'person', ticket: step.ticket }) }} />
    case 'person': return <PersonStep ticket={step.ticket} onDone={(kit, owner) => { setStep({ ...step, at: 'kit', kit, owner }) }} />
    case 'kit': return <KitStep kit={step.kit} owner={step.owner} onDone={() => { setStep({ ...step, at: 'proof' }) }} />
    case 'proof': return <ProofStep ticket={step.ticket} kit={step.kit} onBack={() => { setStep({ ...step, at: 'kit' }) }} onDone={() => { setStep({ at: 'done', owner: step.owner }) }} />
    case 'done': return <DoneStep box={step.owner.box_name} onDone={() => void client.resetQueries({ queryKey: keys.session }).then(() => client.resetQueries({ queryKey: keys.claim }))} />
  }
}
