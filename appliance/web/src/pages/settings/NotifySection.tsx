import { useQuery } from '@tanstack/react-query'
import { notifyQuery } from '@/api/notify'
import { sectionQuery } from '@/api/settings'
import { Loaded } from '@/components/Loaded'
import { OwnersOnly } from '@/components/OwnersOnly'
import { useIsOwner } from '@/components/person'
import { MailForm } from '@/forms/MailForm'
import { MailPasswordForm } from '@/forms/MailPasswordForm'
import { useWords } from '@/lib/words'
import { useNotifyWords } from '@/lib/words/notify'
import { DestinationsCard } from '@/pages/settings/DestinationsCard'
import { WebhooksCard } from '@/pages/settings/WebhooksCard'
import { Card } from '@/ui/Card'

/** Ports of mail servers where the settings name none. */
const PORTS = { tls: 465, starttls: 587 }

/** Who is told when something is not well: by mail and by webhooks, and how that goes. */
export function NotifySection() {
  const [t, n] = [useWords(), useNotifyWords()]
  const owner = useIsOwner()
  const section = useQuery({ ...sectionQuery('notify'), enabled: owner })
  const status = useQuery({ ...notifyQuery, enabled: owner })
  if (!owner) return <Card title={t.settings.notify}><p className="text-ink-2">{n.lead}</p><OwnersOnly /></Card>
  const secret = status.data?.destinations.find(({ name }) => name === 'mail')?.secret
  return (
    <>
      <DestinationsCard />
      <Card title={n.mail}>
        <p className="text-ink-2">{n.mailLead}</p>
        <Loaded query={section}>
          {(seen) => {
            const { mail } = seen.value
            return (
              <>
                <MailForm key={seen.etag} section={seen} />
                {mail?.user != null && (
                  <MailPasswordForm account={{ server: mail.server, port: mail.port ?? PORTS[mail.security ?? 'tls'], user: mail.user, authority: seen.value.authority ?? null }} isSet={secret === 'set'} />
                )}
              </>
            )
          }}
        </Loaded>
      </Card>
      <Loaded query={section}>{(seen) => <WebhooksCard section={seen} />}</Loaded>
    </>
  )
}
