import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { networkQuery } from '@/api/network'
import { sectionQuery } from '@/api/settings'
import { Loaded } from '@/components/Loaded'
import { OwnersOnly } from '@/components/OwnersOnly'
import { useIsOwner } from '@/components/person'
import { NetworkForm } from '@/forms/NetworkForm'
import { TimeForm } from '@/forms/TimeForm'
import { useWords } from '@/lib/words'
import { InterfaceList } from '@/pages/settings/InterfaceList'
import { WifiCard } from '@/pages/settings/WifiCard'
import { Card } from '@/ui/Card'

/** How the box stands in the network and in time. */
export function NetworkSection() {
  const t = useWords()
  const owner = useIsOwner()
  const status = useQuery(networkQuery)
  const network = useQuery({ ...sectionQuery('network'), enabled: owner })
  const time = useQuery({ ...sectionQuery('time'), enabled: owner })
  const [moved, setMoved] = useState<string>()
  const managed = status.data?.managed !== false
  return (
    <>
      <Card title={t.network.interfaces}>
        <Loaded query={status} empty={<p className="text-ink-2">{managed ? t.network.noInterfaces : t.network.unmanaged}</p>} isEmpty={({ interfaces }) => interfaces.length === 0}>
          {({ interfaces, host }) => <InterfaceList interfaces={interfaces} host={host} />}
        </Loaded>
      </Card>
      {managed && (
        <Card title={t.network.title}>
          <p className="text-ink-2">{t.network.lead}</p>
          {moved !== undefined && status.data?.trial && <Moved address={moved} host={status.data.host} />}
          {owner ? (
            <Loaded query={network}>{(seen) => <Loaded query={status}>{({ interfaces }) => <NetworkForm key={seen.etag} section={seen} interfaces={interfaces} onMoved={setMoved} />}</Loaded>}</Loaded>
          ) : <OwnersOnly />}
        </Card>
      )}
      {owner && status.data?.interfaces.some(({ kind }) => kind === 'wifi') === true && <WifiCard />}
      <Card title={t.network.time}>
        <p className="text-ink-2">{t.network.timeLead}</p>
        {owner ? <Loaded query={time}>{(seen) => <TimeForm key={seen.etag} section={seen} />}</Loaded> : <OwnersOnly />}
      </Card>
    </>
  )
}

/** Where the box is now. A page of the old address cannot look at the new one itself: browsers keep sites apart. */
function Moved({ address, host }: { address: string; host: string }) {
  const t = useWords()
  const at = `https://${address.includes(':') ? `[${address}]` : address}`
  return (
    <div role="status" className="rounded-2 bg-warn-soft px-4 py-3 text-warn">
      <p className="font-semibold">{t.network.movedTitle(address)}</p>
      <p className="text-sm">{t.network.movedLead(`${host}.local`)}</p>
      <p className="mt-1"><a href={`${at}/settings/network`} target="_blank" rel="noreferrer" className="font-semibold underline">{t.network.openThere(at)}</a></p>
    </div>
  )
}
