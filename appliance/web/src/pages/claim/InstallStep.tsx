import { useQuery } from '@tanstack/react-query'
import { cancelInstall, installProgress } from '@/api/install'
import type { Disk, Installation } from '@/api/types'
import { diskName } from '@/components/disks'
import { ErrorNote } from '@/components/ErrorNote'
import { Threshold } from '@/components/Threshold'
import { useSubmit } from '@/components/submit'
import { bytes } from '@/lib/units'
import { useLocale, useWords, type Words } from '@/lib/words'
import { InstalledStep } from '@/pages/claim/InstalledStep'
import { Steps } from '@/pages/claim/Steps'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Meter } from '@/ui/Meter'

/** How often the box is asked, in milliseconds. There is no stream of events before there are people. */
const ASK_EVERY = 1000

const runs = (now: Installation): boolean => now.is === 'copying' || now.is === 'checking'

/** The installation as it goes on, to its good or bad end. */
export function InstallStep({ ticket, disks, begun, onAgain }: { ticket: string; disks: Disk[]; begun: Installation; onAgain: () => Promise<void> }) {
  const t = useWords()
  const locale = useLocale()
  const asked = useQuery({
    queryKey: ['install', ticket, 'progress'], queryFn: () => installProgress(ticket), staleTime: 0, gcTime: 0,
    refetchInterval: ({ state }) => state.data === undefined || runs(state.data) ? ASK_EVERY : false,
  })
  const stop = useSubmit(() => cancelInstall(ticket))
  const again = useSubmit(onAgain)
  const now = asked.data ?? begun
  if (now.is === 'done') return <InstalledStep ticket={ticket} />
  const disk = disks.find(({ id }) => now.is !== 'none' && id === now.disk)
  return (
    <Threshold above={<Steps at={1} />} title={t.place.workTitle} lead={t.place.workLead(disk === undefined ? '' : diskName(t, disk, locale))}>
      <Card>
        {now.is === 'copying' || now.is === 'checking' ? (
          <>
            <p role="status" className="tabular">{said(t, now, locale)}</p>
            <Meter value={now.progress.done} max={now.progress.total} label={t.place.workTitle} />
            {asked.error !== null && <ErrorNote error={asked.error} />}
            {stop.error !== undefined && <ErrorNote error={stop.error} />}
            <Button className="self-end" busy={stop.busy} onClick={() => { stop.onSubmit() }}>{t.place.stop}</Button>
          </>
        ) : (
          <>
            <div role="alert" className="flex flex-col gap-1 rounded-2 bg-bad-soft px-4 py-3 text-bad">
              {now.is === 'failed' ? <><p className="font-semibold break-words">{now.reason}</p><p className="text-sm">{t.place.failed}</p></> : <p>{t.place.cancelled}</p>}
            </div>
            {again.error !== undefined && <ErrorNote error={again.error} />}
            <Button look="primary" className="self-end" busy={again.busy} onClick={() => { again.onSubmit() }}>{t.place.again}</Button>
          </>
        )}
      </Card>
    </Threshold>
  )
}

function said(t: Words, now: Extract<Installation, { progress: object }>, locale: string): string {
  const { done, total } = now.progress
  if (total === 0) return t.place.begins
  return (now.is === 'copying' ? t.place.copying : t.place.checking)(bytes(done, locale), bytes(total, locale))
}
