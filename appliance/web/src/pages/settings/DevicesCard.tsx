import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '@/api/keys'
import { removeDevice, sharesQuery } from '@/api/shares'
import type { Device, DeviceMade } from '@/api/types'
import { Confirm } from '@/components/Confirm'
import { Loaded } from '@/components/Loaded'
import { DeviceForm } from '@/forms/DeviceForm'
import { say } from '@/lib/notices'
import { ago } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { useSharesWords } from '@/lib/words/shares'
import { DeviceModal } from '@/pages/settings/DeviceModal'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Modal } from '@/ui/Modal'

/** Devices that may use network drives: make, show the password once, remove. */
export function DevicesCard() {
  const t = useWords()
  const s = useSharesWords()
  const locale = useLocale()
  const client = useQueryClient()
  const shares = useQuery(sharesQuery)
  const [adding, setAdding] = useState(false)
  const [made, setMade] = useState<DeviceMade>()
  const [removing, setRemoving] = useState<Device>()
  const anew = (): Promise<void> => client.invalidateQueries({ queryKey: keys.shares })
  return (
    <Card title={s.devices} aside={<Button onClick={() => { setAdding(true) }}>{s.addDevice}</Button>}>
      <p className="text-ink-2">{s.devicesLead}</p>
      <Loaded query={shares} lines={2} isEmpty={({ devices }) => devices.length === 0} empty={<p className="text-sm text-ink-2">{s.devicesEmpty}</p>}>
        {({ devices }) => (
          <ul className="-my-1 divide-y divide-line">
            {devices.map((device) => (
              <li key={device.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
                <span className="min-w-0 flex-1 basis-48">
                  <span className="block font-medium break-words">{device.account}</span>
                  <span className="block text-sm text-ink-2">{t.settings.since(ago(new Date(device.created), locale))}</span>
                </span>
                <Button aria-label={`${t.common.remove}: ${device.account}`} onClick={() => { setRemoving(device) }}>{t.common.remove}</Button>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <Modal open={adding} onClose={() => { setAdding(false) }} title={s.addDevice} lead={s.devicesLead}>
        <DeviceForm onCancel={() => { setAdding(false) }} onDone={(device) => { setAdding(false); setMade(device); void anew() }} />
      </Modal>
      {made && <DeviceModal made={made} onClose={() => { setMade(undefined) }} />}
      {removing && (
        <Confirm open onClose={() => { setRemoving(undefined) }} title={s.removeTitle(removing.account)} lead={s.removeLead} action={t.common.remove}
          onConfirm={async () => { await removeDevice(removing.id); await anew(); say(s.removed) }} />
      )}
    </Card>
  )
}
