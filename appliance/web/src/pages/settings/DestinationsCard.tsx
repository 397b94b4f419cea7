import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '@/api/keys'
import { notifyQuery, testNotify } from '@/api/notify'
import type { Destination, Tested } from '@/api/types'
import { ErrorNote } from '@/components/ErrorNote'
import { Loaded } from '@/components/Loaded'
import { useSubmit } from '@/components/submit'
import { ago, bytes } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { useNotifyWords } from '@/lib/words/notify'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Pill } from '@/ui/Pill'

/** Every destination: when it was last told, why that failed, and what left for it. */
export function DestinationsCard() {
  const [t, n] = [useWords(), useNotifyWords()]
  const status = useQuery(notifyQuery)
  return (
    <Card title={t.settings.notify}>
      <p className="text-ink-2">{n.lead}</p>
      <Loaded query={status} lines={2} isEmpty={({ destinations }) => destinations.length === 0} empty={<p className="text-sm text-ink-2">{n.howEmpty}</p>}>
        {({ destinations, told_today, most_a_day }) => (
          <>
            <ul aria-label={n.how} className="-my-1 divide-y divide-line">{destinations.map((destination) => <DestinationLine key={destination.name} destination={destination} />)}</ul>
            <p className="text-sm text-ink-3">{n.today(told_today, most_a_day)}</p>
          </>
        )}
      </Loaded>
    </Card>
  )
}

function DestinationLine({ destination }: { destination: Destination }) {
  const n = useNotifyWords()
  const locale = useLocale()
  const client = useQueryClient()
  const [tested, setTested] = useState<Tested>()
  const submit = useSubmit(async () => {
    setTested((await testNotify(destination.name))[0])
    await client.invalidateQueries({ queryKey: keys.notify })
  })
  const { name, address, last_told, failing, waiting, dropped, sent_bytes } = destination
  const facts = [
    last_told == null ? n.neverTold : n.lastTold(ago(new Date(last_told), locale)), n.sent(bytes(sent_bytes, locale)),
    ...(waiting > 0 ? [n.waiting(waiting)] : []), ...(dropped > 0 ? [n.dropped(dropped)] : []),
  ]
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
      <span className="min-w-0 flex-1 basis-48">
        <span className="block font-medium break-words">{name === 'mail' ? n.mail : name}</span>
        <span className="block text-sm break-all text-ink-2">{address}</span>
        <span className="block text-sm text-ink-2">{facts.join(' · ')}</span>
        {tested === undefined && failing != null && <span className="block text-sm text-warn">{n.failing(failing.why, ago(new Date(failing.at), locale))}</span>}
        <span role="status" className="block text-sm">
          {tested !== undefined && <><Pill tone={tested.outcome === 'told' ? 'good' : 'bad'}>{tested.outcome === 'told' ? n.told : n.failed}</Pill> {tested.said}</>}
        </span>
        {submit.error !== undefined && <ErrorNote error={submit.error} />}
      </span>
      <Button busy={submit.busy} aria-label={`${n.test}: ${name}`} onClick={() => { submit.onSubmit() }}>{n.test}</Button>
    </li>
  )
}
