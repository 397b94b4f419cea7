import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { folderQuery } from '@/api/dav'
import { keys } from '@/api/keys'
import { isStatus } from '@/api/problem'
import { pastQuery, timesQuery, type Past } from '@/api/times'
import { Loaded } from '@/components/Loaded'
import { usePerson } from '@/components/person'
import { sortEntries } from '@/lib/entries'
import type { Path } from '@/lib/path'
import { folderPath, timesPath } from '@/lib/paths'
import type { Entry } from '@/lib/propfind'
import { placeOf, timeOf, type Time } from '@/lib/times'
import { moment } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { useTimesWords } from '@/lib/words/times'
import { BringBackDialog } from '@/pages/times/BringBackDialog'
import { PastList } from '@/pages/times/PastList'
import { TimeLine } from '@/pages/times/TimeLine'
import { Button } from '@/ui/Button'
import { Link } from '@/ui/Link'
import { Nothing } from '@/ui/Nothing'
import { PageHead } from '@/ui/PageHead'
import { Waiting } from '@/ui/Waiting'
import { buttonClass } from '@/ui/buttonClass'

/** A folder of one's tree as it was. Without a time it is the latest. */
export function TimesPage({ time, folder }: { time: string | undefined; folder: Path }) {
  const t = useWords()
  const w = useTimesWords()
  const locale = useLocale()
  const { name: person } = usePerson()
  const own = useQuery(timesQuery(person, []))
  const { space, path } = placeOf(folder, own.data?.mounts ?? [])
  const times = useQuery({ ...timesQuery(person, space), enabled: own.data !== undefined })
  const query = own.error ? own : times
  const head = <PageHead above={<Way time={undefined} folder={folder} />} title={w.title} />
  if (isStatus(query.error, 403)) return <>{head}<Nothing icon="clock" title={w.readOnly} help={w.readOnlyHelp}><Link href={folderPath(folder)} className={buttonClass()}>{w.toNow}</Link></Nothing></>
  return (
    <Loaded query={query} lines={8}>
      {({ times: known }) => {
        const latest = known.toSorted((a, b) => b.at.getTime() - a.at.getTime())[0]
        const chosen = time === undefined ? latest : known.find(({ name }) => name === time)
        if (chosen) return <Then key={folderPath(folder)} person={person} folder={folder} past={{ space, time: chosen.name, path }} chosen={chosen} times={known} />
        // It may be newer than what was read.
        if (time !== undefined && times.isFetching) return <Waiting label={t.common.loading} lines={8} />
        const sought = time === undefined ? undefined : timeOf(time)?.at
        return (
          <>
            {head}
            {time !== undefined && latest
              ? <Nothing icon="clock" title={w.gone(sought ? moment(sought, locale) : time)} help={w.goneHelp}><Link href={timesPath(latest.name, folder)} className={buttonClass()}>{w.toLatest(moment(latest.at, locale))}</Link></Nothing>
              : <Nothing icon="clock" title={w.none} help={w.noneHelp}><Link href={folderPath(folder)} className={buttonClass()}>{w.toNow}</Link></Nothing>}
          </>
        )
      }}
    </Loaded>
  )
}

function Then({ person, folder, past, chosen, times }: { person: string; folder: Path; past: Past; chosen: Time; times: readonly Time[] }) {
  const t = useWords()
  const w = useTimesWords()
  const locale = useLocale()
  const listing = useQuery(pastQuery(person, past))
  const now = useQuery(folderQuery(person, folder))
  const root = useQuery(folderQuery(person, past.space))
  const [back, setBack] = useState<Entry | 'all'>()
  const self = root.data?.self.permissions
  const forbidden = self !== undefined && !/[CK]/.test(self) ? t.files.readOnly : undefined
  const whole = past.path.length === 0
  const name = folder.at(-1) ?? t.files.root
  // Where the folder is gone all of it differs, and while it is read nothing does.
  const present = now.data?.entries ?? (isStatus(now.error, 404) ? [] : undefined)
  const missing = isStatus(listing.error, 404)
  const client = useQueryClient()
  // Perhaps not the folder is gone, but the time.
  useEffect(() => { if (missing) void client.invalidateQueries({ queryKey: keys.times([]) }) }, [client, missing])
  return (
    <>
      <PageHead above={<Way time={chosen.name} folder={folder} />} title={w.head(name)} lead={w.lead(moment(chosen.at, locale))}>
        <Link href={folderPath(folder)} className={buttonClass('quiet')}>{w.toNow}</Link>
        {!missing && <Button look="primary" forbidden={forbidden} onClick={() => { setBack('all') }}>{whole ? w.backSpace : w.backFolder}</Button>}
      </PageHead>
      <div className="grid gap-6 md:grid-cols-[13rem_minmax(0,1fr)]">
        <TimeLine times={times} chosen={chosen} folder={folder} />
        <div className="min-w-0">
          {missing
            ? <Nothing icon="folder" title={w.notThen} help={w.notThenHelp} />
            : (
              <Loaded query={listing} lines={6} isEmpty={({ entries }) => entries.length === 0} empty={<Nothing icon="folder" title={w.empty} />}>
                {({ entries }) => (
                  <PastList person={person} past={past} entries={sortEntries(entries, { key: 'name', descending: false }, locale)} now={present} forbidden={forbidden}
                    folderHref={(entry) => timesPath(chosen.name, [...folder, entry.name])} onBack={setBack} />
                )}
              </Loaded>
            )}
        </div>
      </div>
      {back !== undefined && (
        <BringBackDialog person={person} chosen={chosen} id={root.data?.self.id}
          past={back === 'all' ? past : { ...past, path: [...past.path, back.name] }} name={back === 'all' ? name : back.name} kind={back === 'all' ? (whole ? 'space' : 'folder') : back.kind}
          onClose={() => { setBack(undefined) }} />
      )}
    </>
  )
}

/** The way from the root, at the same time. */
function Way({ time, folder }: { time: string | undefined; folder: Path }) {
  const t = useWords()
  const above = folder.length === 0 ? [] : [t.files.root, ...folder.slice(0, -1)]
  return (
    <nav aria-label={t.files.path} className="mb-1">
      <ol className="flex flex-wrap gap-x-2 text-[15px] text-ink-2">
        {above.map((name, depth) => (
          <li key={depth} className="flex min-w-0 gap-2">
            <Link href={timesPath(time, folder.slice(0, depth))} className="max-w-[24ch] truncate underline-offset-4 hover:underline">{name}</Link>
            <span aria-hidden="true" className="text-ink-3">/</span>
          </li>
        ))}
      </ol>
    </nav>
  )
}
