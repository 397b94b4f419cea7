import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '@/api/keys'
import { forgetWifi, wifiQuery } from '@/api/network'
import type { WifiNetwork } from '@/api/types'
import { ErrorNote } from '@/components/ErrorNote'
import { Loaded } from '@/components/Loaded'
import { useSubmit } from '@/components/submit'
import { WifiForm } from '@/forms/WifiForm'
import { say } from '@/lib/notices'
import { useWords } from '@/lib/words'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Modal } from '@/ui/Modal'
import { Pill } from '@/ui/Pill'

/** Wireless networks, where the box has an antenna. */
export function WifiCard() {
  const t = useWords()
  const query = useQuery(wifiQuery)
  const [joining, setJoining] = useState<WifiNetwork>()
  return (
    <Card title={t.network.wireless}>
      <p className="text-ink-2">{t.network.wifiLead}</p>
      <Loaded query={query} empty={<p className="text-ink-2">{t.network.wifiNone}</p>} isEmpty={({ networks }) => networks.length === 0}>
        {({ networks }) => <ul className="flex flex-col divide-y divide-line">{networks.map((network) => <WifiLine key={network.ssid} network={network} onJoin={setJoining} />)}</ul>}
      </Loaded>
      <Modal open={joining !== undefined} onClose={() => { setJoining(undefined) }} title={t.network.wifiJoinTitle(joining?.ssid ?? '')}>
        {joining && <WifiForm network={joining} onDone={() => { setJoining(undefined) }} />}
      </Modal>
    </Card>
  )
}

function WifiLine({ network, onJoin }: { network: WifiNetwork; onJoin: (network: WifiNetwork) => void }) {
  const t = useWords()
  const client = useQueryClient()
  const { ssid, strength_percent: strength, secured, known, joined } = network
  const forget = useSubmit(async () => {
    client.setQueryData(keys.wifi, await forgetWifi(ssid))
    say(t.network.wifiForgotten(ssid))
  })
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 py-3">
      <p className="flex min-w-0 flex-wrap items-center gap-2">
        <span className="font-semibold break-all">{ssid}</span>
        {joined ? <Pill>{t.network.connected}</Pill> : known && <Pill tone="plain">{t.network.wifiKnown}</Pill>}
        <span className="text-sm text-ink-2">{[strength == null ? t.network.wifiFar : t.network.wifiStrength(strength), secured ? '' : t.network.wifiOpen].filter(Boolean).join(', ')}</span>
      </p>
      <span className="flex gap-2">
        {known && <Button busy={forget.busy} onClick={() => { forget.onSubmit() }} aria-label={t.network.wifiForgetOf(ssid)}>{t.network.wifiForget}</Button>}
        {!joined && strength != null && <Button onClick={() => { onJoin(network) }} aria-label={t.network.wifiJoinTitle(ssid)}>{t.network.wifiJoin}</Button>}
      </span>
      {forget.error !== undefined && <ErrorNote error={forget.error} />}
    </li>
  )
}
