import { useQuery } from '@tanstack/react-query'
import { peopleQuery } from '@/api/people'
import { sectionQuery } from '@/api/settings'
import { sharesQuery } from '@/api/shares'
import { spacesQuery } from '@/api/spaces'
import type { Drive } from '@/api/types'
import { Copyable } from '@/components/Copyable'
import { Loaded } from '@/components/Loaded'
import { OwnersOnly } from '@/components/OwnersOnly'
import { useIsOwner } from '@/components/person'
import { SharesForm } from '@/forms/SharesForm'
import { useWords } from '@/lib/words'
import { useSharesWords } from '@/lib/words/shares'
import { DevicesCard } from '@/pages/settings/DevicesCard'
import { Card } from '@/ui/Card'

/** Network drives: whether there are any, the ways to them, and the devices that may use them. */
export function SharesSection() {
  const s = useSharesWords()
  const owner = useIsOwner()
  const shares = useQuery(sharesQuery)
  const section = useQuery({ ...sectionQuery('shares'), enabled: owner })
  const spaces = useQuery({ ...spacesQuery, enabled: owner })
  const people = useQuery({ ...peopleQuery, enabled: owner })
  return (
    <>
      <Card title={s.title}>
        <p className="text-ink-2">{s.lead}</p>
        {shares.data?.state === 'unable' && <p role="status" className="rounded-2 bg-warn-soft px-4 py-3 text-warn">{s.unable(shares.data.why ?? '')}</p>}
        {owner ? (
          <Loaded query={section}>{(seen) => <Loaded query={spaces}>{(all) => <Loaded query={people}>{(everybody) => (
            <SharesForm key={seen.etag} section={seen} spaces={all} people={everybody} />
          )}</Loaded>}</Loaded>}</Loaded>
        ) : <OwnersOnly />}
      </Card>
      <Card title={s.drives}>
        <Loaded query={shares} isEmpty={({ state, drives }) => state === 'unable' || drives.length === 0} empty={<p className="text-sm text-ink-2">{s.drivesEmpty}</p>}>
          {({ drives }) => (
            <>
              <p className="text-ink-2">{s.deleted}</p>
              <ul className="flex flex-col gap-5">{drives.map((drive) => <DriveLine key={drive.name} drive={drive} />)}</ul>
            </>
          )}
        </Loaded>
      </Card>
      <DevicesCard />
    </>
  )
}

/** A drive with the ways to it. */
function DriveLine({ drive }: { drive: Drive }) {
  const t = useWords()
  const s = useSharesWords()
  return (
    <li className="flex flex-col gap-2">
      <span className="font-semibold break-words">{drive.name}<span className="font-normal text-ink-2">{drive.right === 'read' ? ` · ${t.settings.rights.read}` : ''}</span></span>
      {drive.windows != null && <Copyable label={s.windows(drive.name)} text={drive.windows} />}
      <Copyable label={s.others(drive.name)} text={drive.address} />
    </li>
  )
}
