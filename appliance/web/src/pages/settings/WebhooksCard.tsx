import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '@/api/keys'
import { newWebhookKey, notifyQuery } from '@/api/notify'
import { patchSection, type Section } from '@/api/settings'
import { Confirm } from '@/components/Confirm'
import { Copyable } from '@/components/Copyable'
import { WebhookForm } from '@/forms/WebhookForm'
import { say } from '@/lib/notices'
import { useWords } from '@/lib/words'
import { useNotifyWords } from '@/lib/words/notify'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Modal } from '@/ui/Modal'

/** Programs that are told: add, show the key once, make a new key, remove. */
export function WebhooksCard({ section }: { section: Section<'notify'> }) {
  const [t, n] = [useWords(), useNotifyWords()]
  const client = useQueryClient()
  const status = useQuery(notifyQuery)
  const [adding, setAdding] = useState(false)
  const [made, setMade] = useState<{ name: string; key: string }>()
  const [renewing, setRenewing] = useState<string>()
  const [removing, setRemoving] = useState<string>()
  const anew = (): Promise<void> => client.invalidateQueries({ queryKey: keys.notify })
  const names = Object.keys(section.value.webhooks)
  const lacksKey = (name: string): boolean => status.data?.destinations.find((one) => one.name === name)?.secret === 'not_set'
  return (
    <Card title={n.webhooks} aside={<Button onClick={() => { setAdding(true) }}>{n.addWebhook}</Button>}>
      <p className="text-ink-2">{n.webhooksLead}</p>
      {names.length === 0 ? <p className="text-sm text-ink-2">{n.webhooksEmpty}</p> : (
        <ul className="-my-1 divide-y divide-line">
          {names.map((name) => (
            <li key={name} className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
              <span className="min-w-0 flex-1 basis-48">
                <span className="block font-medium break-words">{name}</span>
                <span className="block text-sm break-all text-ink-2">{section.value.webhooks[name]?.url}</span>
                {lacksKey(name) && <span className="block text-sm text-warn">{n.keyMissing}</span>}
              </span>
              <Button aria-label={`${n.newKey}: ${name}`} onClick={() => { setRenewing(name) }}>{n.newKey}</Button>
              <Button aria-label={`${t.common.remove}: ${name}`} onClick={() => { setRemoving(name) }}>{t.common.remove}</Button>
            </li>
          ))}
        </ul>
      )}
      <Modal open={adding} onClose={() => { setAdding(false) }} title={n.addWebhook} lead={n.webhooksLead}>
        <WebhookForm section={section} onCancel={() => { setAdding(false) }} onDone={(done) => { setAdding(false); setMade(done); void anew() }} />
      </Modal>
      {made && (
        <Modal open onClose={() => { setMade(undefined) }} title={n.keyTitle(made.name)} lead={n.keyOnce}>
          <Copyable label={n.key} text={made.key} />
          <div className="flex justify-end"><Button look="primary" onClick={() => { setMade(undefined) }}>{t.common.close}</Button></div>
        </Modal>
      )}
      {renewing !== undefined && (
        <Confirm open onClose={() => { setRenewing(undefined) }} title={n.newKeyTitle(renewing)} lead={n.newKeyLead} action={n.newKey}
          onConfirm={async () => { setMade({ name: renewing, key: (await newWebhookKey(renewing)).key }); await anew() }} />
      )}
      {removing !== undefined && (
        <Confirm open onClose={() => { setRemoving(undefined) }} title={n.removeTitle(removing)} lead={n.removeLead} action={t.common.remove}
          onConfirm={async () => { await patchSection('notify', section.etag, { webhooks: { [removing]: null } }); await anew(); say(n.removed) }} />
      )}
    </Card>
  )
}
