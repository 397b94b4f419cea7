import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { appPasswordsQuery, revokeAppPassword } from '@/api/account'
import { keys } from '@/api/keys'
import type { AppPassword, AppPasswordEntry } from '@/api/types'
import { Confirm } from '@/components/Confirm'
import { Loaded } from '@/components/Loaded'
import { AppPasswordForm } from '@/forms/AppPasswordForm'
import { say } from '@/lib/notices'
import { useLocale, useWords } from '@/lib/words'
import { ago } from '@/lib/units'
import { SecretModal } from '@/pages/settings/SecretModal'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Modal } from '@/ui/Modal'

/** Passwords of programs: make, show once, revoke. */
export function AppPasswordsCard() {
  const t = useWords()
  const locale = useLocale()
  const client = useQueryClient()
  const tokens = useQuery(appPasswordsQuery)
  const [adding, setAdding] = useState(false)
  const [made, setMade] = useState<AppPassword>()
  const [revoking, setRevoking] = useState<AppPasswordEntry>()
  const anew = (): Promise<void> => client.invalidateQueries({ queryKey: keys.tokens })
  return (
    <Card title={t.settings.appPasswords} aside={<Button onClick={() => { setAdding(true) }}>{t.settings.addAppPassword}</Button>}>
      <p className="text-ink-2">{t.settings.appPasswordsLead}</p>
      <Loaded query={tokens} lines={2} isEmpty={(all) => all.length === 0} empty={<p className="text-sm text-ink-2">{t.settings.appPasswordsEmpty}</p>}>
        {(all) => (
          <ul className="-my-1 divide-y divide-line">
            {all.map((token) => (
              <li key={token.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
                <span className="min-w-0 flex-1 basis-48">
                  <span className="block font-medium break-words">{token.name}</span>
                  <span className="block text-sm text-ink-2">{token.last_used == null ? t.settings.since(ago(new Date(token.created), locale)) : t.settings.lastSeen(ago(new Date(token.last_used), locale))}</span>
                </span>
                <Button aria-label={`${t.settings.revoke}: ${token.name}`} onClick={() => { setRevoking(token) }}>{t.settings.revoke}</Button>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <Modal open={adding} onClose={() => { setAdding(false) }} title={t.settings.addAppPassword} lead={t.settings.appPasswordsLead}>
        <AppPasswordForm onCancel={() => { setAdding(false) }} onDone={(password) => { setAdding(false); setMade(password); void anew() }} />
      </Modal>
      {made && <SecretModal made={made} onClose={() => { setMade(undefined) }} />}
      {revoking && (
        <Confirm open onClose={() => { setRevoking(undefined) }} title={t.settings.revokeTitle(revoking.name)} lead={t.settings.revokeLead} action={t.settings.revoke}
          onConfirm={async () => { await revokeAppPassword(revoking.id); await anew(); say(t.settings.revoked) }} />
      )}
    </Card>
  )
}
