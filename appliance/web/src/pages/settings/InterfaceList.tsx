import type { Interface } from '@/api/types'
import { useWords } from '@/lib/words'
import { Pill } from '@/ui/Pill'

/** The interfaces of the box with their addresses. */
export function InterfaceList({ interfaces, host }: { interfaces: Interface[]; host: string }) {
  const t = useWords()
  return (
    <>
      <p className="text-ink-2">{t.network.answersAs(`${host}.local`)}</p>
      <ul className="flex flex-col divide-y divide-line">
        {interfaces.map(({ name, kind, carrier, mac, addresses, gateway, dns }) => (
          <li key={name} className="flex flex-col gap-1 py-3">
            <p className="flex flex-wrap items-center gap-2 font-semibold">
              {kind === 'ethernet' ? t.network.cable : t.network.wireless}
              <Pill tone={carrier ? 'good' : 'plain'}>{carrier ? t.network.connected : t.network.notConnected}</Pill>
            </p>
            {addresses.length > 0 && <p className="break-all tabular-nums">{addresses.join(', ')}</p>}
            <p className="text-sm break-all text-ink-2">
              {[gateway != null ? t.network.routerIs(gateway) : '', dns.length > 0 ? t.network.dnsAre(dns.join(', ')) : '', `${name}, ${mac}`].filter(Boolean).join(' · ')}
            </p>
          </li>
        ))}
      </ul>
    </>
  )
}
