import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { grant, grantQuery, refuseGrant } from '@/api/grants'
import { ErrorNote } from '@/components/ErrorNote'
import { Loaded } from '@/components/Loaded'
import { Threshold } from '@/components/Threshold'
import { usePerson } from '@/components/person'
import { useSessionEnd } from '@/components/sessionEnd'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { useFragment } from '@/lib/location'
import { settingsPath } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { Card } from '@/ui/Card'
import { Link } from '@/ui/Link'
import { buttonClass } from '@/ui/buttonClass'

/** Grants an app password to a device that asks for one. Its code comes in the fragment, which no log sees. */
export function GrantPage() {
  const t = useWords()
  const person = usePerson()
  const code = useFragment()
  const asked = useQuery(grantQuery(code))
  const [answer, setAnswer] = useState<'granted' | 'refused'>()
  const granting = useSubmit(async () => { await grant(code); setAnswer('granted') })
  const refusing = useSubmit(async () => { await refuseGrant(code); setAnswer('refused') })
  useSessionEnd()
  if (answer !== undefined) {
    const [title, lead] = answer === 'granted' ? [t.grant.granted, t.grant.grantedLead] : [t.grant.refused, t.grant.refusedLead]
    return <Threshold title={title} lead={lead}><Link href={settingsPath('account')} className={buttonClass()}>{t.grant.devices}</Link></Threshold>
  }
  return (
    <Threshold title={t.grant.title} lead={t.grant.lead(person.display_name)}>
      <Card>
        <Loaded query={asked} lines={3}>
          {({ device, address }) => (
            <form className="flex flex-col gap-5" onSubmit={granting.onSubmit}>
              <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2">
                <dt className="text-ink-2">{t.grant.device}</dt><dd className="font-medium break-words">{device}</dd>
                <dt className="text-ink-2">{t.grant.address}</dt><dd className="font-medium break-words">{address}</dd>
              </dl>
              <p className="text-sm text-ink-2">{t.grant.onlyIf}</p>
              {refusing.error !== undefined && <ErrorNote error={refusing.error} />}
              <FormFoot submit={granting} action={t.grant.grant} onCancel={refusing.onSubmit} cancel={t.grant.refuse} />
            </form>
          )}
        </Loaded>
      </Card>
    </Threshold>
  )
}
