import { useQuery, useQueryClient } from '@tanstack/react-query'
import { keys } from '@/api/keys'
import { confirmNetwork, networkQuery } from '@/api/network'
import { ErrorNote } from '@/components/ErrorNote'
import { useIsOwner } from '@/components/person'
import { useSubmit } from '@/components/submit'
import { say } from '@/lib/notices'
import { clock } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { Button } from '@/ui/Button'

/** Asks an owner whether a new address of the box shall stay. */
export function TrialBanner() {
  const t = useWords()
  const locale = useLocale()
  const client = useQueryClient()
  const owner = useIsOwner()
  const { data, dataUpdatedAt } = useQuery({ ...networkQuery, enabled: owner })
  const keep = useSubmit(async () => {
    client.setQueryData(keys.network, await confirmNetwork())
    say(t.network.kept)
  })
  if (!data?.trial) return null
  // The box counts the seconds; its clock may be another than this device's.
  const until = new Date(dataUpdatedAt + data.trial.seconds_left * 1000)
  return (
    <section aria-label={t.network.trialTitle} className="rise bg-warn-soft px-4 py-2.5 text-warn">
      <div className="mx-auto flex max-w-[1240px] flex-wrap items-center justify-center gap-x-4 gap-y-2 text-sm">
        <p role="status"><strong className="font-semibold">{t.network.trialTitle}</strong> {t.network.trialLead(clock(until, locale))}</p>
        <Button look="primary" busy={keep.busy} onClick={() => { keep.onSubmit() }}>{t.network.keep}</Button>
      </div>
      {keep.error !== undefined && <ErrorNote error={keep.error} />}
    </section>
  )
}
