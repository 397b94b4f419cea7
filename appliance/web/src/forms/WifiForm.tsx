import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '@/api/keys'
import { joinWifi } from '@/api/network'
import type { WifiNetwork } from '@/api/types'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { say } from '@/lib/notices'
import { useWords } from '@/lib/words'
import { Field } from '@/ui/Field'
import { SecretInput } from '@/ui/SecretInput'

/** Joins a wireless network. */
export function WifiForm({ network, onDone }: { network: WifiNetwork; onDone: () => void }) {
  const t = useWords()
  const client = useQueryClient()
  const [passphrase, setPassphrase] = useState('')
  const submit = useSubmit(async () => {
    client.setQueryData(keys.wifi, await joinWifi(network.ssid, passphrase))
    say(t.network.wifiJoined(network.ssid))
    onDone()
  })
  const optional = !network.secured || network.known
  return (
    <form className="flex flex-col gap-4" onSubmit={submit.onSubmit}>
      {network.secured && (
        <Field label={t.network.wifiPassphrase} hint={network.known ? t.network.wifiPassphraseKnown : t.network.wifiPassphraseHint}>
          {(ids) => <SecretInput {...ids} words={t.common} value={passphrase} onText={setPassphrase} autoComplete="off" maxLength={63} required={!optional} />}
        </Field>
      )}
      {!network.secured && <p className="text-ink-2">{t.network.wifiOpenLead}</p>}
      <FormFoot submit={submit} action={t.network.wifiJoin} disabled={!optional && passphrase.length < 8} cancel={t.common.cancel} onCancel={onDone} />
    </form>
  )
}
