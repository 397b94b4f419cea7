import { useQuery, useQueryClient } from '@tanstack/react-query'
import { folderQuery } from '@/api/dav'
import { restoreVersion, versionsQuery, versionUrl } from '@/api/kept'
import { keys } from '@/api/keys'
import { bringBack, pastUrl, statesQuery, type Past } from '@/api/times'
import { ErrorNote } from '@/components/ErrorNote'
import { Loaded } from '@/components/Loaded'
import { useSubmit } from '@/components/submit'
import { statesAmong } from '@/lib/kept'
import { say } from '@/lib/notices'
import type { Entry } from '@/lib/propfind'
import { placeOf, type Done } from '@/lib/times'
import { bytes, moment } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { useTimesWords } from '@/lib/words/times'
import { save } from '@/pages/files/save'
import { Button } from '@/ui/Button'
import { Modal } from '@/ui/Modal'

/** The earlier contents of a file, versions and what earlier times show, as one list: each can be downloaded, or made the content again. */
export function VersionsDialog({ person, entry, id, onClose }: { person: string; entry: Entry; id: number; onClose: () => void }) {
  const t = useWords()
  const w = useTimesWords()
  const locale = useLocale()
  const client = useQueryClient()
  const query = useQuery(versionsQuery(person, id))
  const root = useQuery(folderQuery(person, []))
  const place = placeOf(entry.path, root.data?.entries.filter(({ mounted }) => mounted).map(({ name }) => name) ?? [])
  const states = useQuery({ ...statesQuery(person, place.space, place.path), enabled: root.data !== undefined })
  const forbidden = entry.permissions?.includes('W') === false ? t.files.readOnly : undefined
  const restored = async (done?: Done): Promise<void> => {
    await client.invalidateQueries({ queryKey: keys.folder(entry.path.slice(0, -1)), exact: true })
    if (done !== undefined && done.left > 0) say(w.left(done.left, done.one_left ?? entry.name), 'bad')
    else say(t.versions.restored(entry.name))
    onClose()
  }
  return (
    <Modal open onClose={onClose} title={t.versions.title} lead={t.versions.lead(entry.name)}>
      <Loaded query={query} lines={3} isEmpty={(versions) => versions.length === 0 && (states.data ?? []).length === 0} empty={<p className="text-ink-2">{t.versions.nothing}</p>}>
        {(versions) => (
          <ul className="flex flex-col">
            {statesAmong(versions, states.data ?? []).map((one) => {
              if ('version' in one) {
                const { version } = one
                return <KeptRow key={version.address} time={version.modified ? moment(version.modified, locale) : version.address} size={version.size} forbidden={forbidden}
                  onRestore={async () => { await restoreVersion(person, id, version); await restored() }} onDownload={() => { save(versionUrl(person, id, version), entry.name) }} />
              }
              const { state } = one
              const past: Past = { ...place, time: state.time }
              return <KeptRow key={state.time} time={moment(new Date(state.modified * 1000), locale)} note={w.stateOf(moment(new Date(state.at * 1000), locale))} size={state.size} forbidden={forbidden}
                onRestore={async () => { await restored(await bringBack(person, past, { do: 'bring-back', discard_newer: false }, AbortSignal.timeout(LONGEST_MS), () => { /* One file is there at once. */ })) }} onDownload={() => { save(pastUrl(person, past), entry.name) }} />
            })}
          </ul>
        )}
      </Loaded>
      <div className="flex justify-end"><Button onClick={onClose}>{t.common.close}</Button></div>
    </Modal>
  )
}

/** Time within which one file is back: a large one is copied where blocks cannot be shared. */
const LONGEST_MS = 3_600_000

interface KeptRowProps { time: string; note?: string; size: number | undefined; forbidden: string | undefined; onRestore: () => Promise<void>; onDownload: () => void }

function KeptRow({ time, note, size, forbidden, onRestore, onDownload }: KeptRowProps) {
  const t = useWords()
  const locale = useLocale()
  const restore = useSubmit(onRestore)
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line py-2.5 last:border-0">
      <span className="min-w-0 flex-1 basis-40">
        <span className="block">{time}</span>
        <span className="tabular block text-sm text-ink-2">{[size === undefined ? '' : bytes(size, locale), note ?? ''].filter(Boolean).join(' · ')}</span>
      </span>
      <Button look="quiet" aria-label={t.versions.downloadOf(time)} onClick={onDownload}>{t.files.download}</Button>
      <Button forbidden={forbidden} busy={restore.busy} aria-label={t.versions.restoreOf(time)} onClick={() => { restore.onSubmit() }}>{t.versions.restore}</Button>
      {restore.error !== undefined && <div className="w-full"><ErrorNote error={restore.error} /></div>}
    </li>
  )
}
