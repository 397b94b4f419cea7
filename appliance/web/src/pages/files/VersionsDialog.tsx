import { useQuery, useQueryClient } from '@tanstack/react-query'
import { restoreVersion, versionsQuery, versionUrl } from '@/api/kept'
import { keys } from '@/api/keys'
import { ErrorNote } from '@/components/ErrorNote'
import { Loaded } from '@/components/Loaded'
import { useSubmit } from '@/components/submit'
import type { Version } from '@/lib/kept'
import { say } from '@/lib/notices'
import type { Entry } from '@/lib/propfind'
import { bytes, moment } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { save } from '@/pages/files/save'
import { Button } from '@/ui/Button'
import { Modal } from '@/ui/Modal'

/** The earlier contents of a file: each can be downloaded, or made the content again. */
export function VersionsDialog({ person, entry, id, onClose }: { person: string; entry: Entry; id: number; onClose: () => void }) {
  const t = useWords()
  const client = useQueryClient()
  const query = useQuery(versionsQuery(person, id))
  const forbidden = entry.permissions?.includes('W') === false ? t.files.readOnly : undefined
  const restore = async (version: Version): Promise<void> => {
    await restoreVersion(person, id, version)
    await client.invalidateQueries({ queryKey: keys.folder(entry.path.slice(0, -1)), exact: true })
    say(t.versions.restored(entry.name))
    onClose()
  }
  return (
    <Modal open onClose={onClose} title={t.versions.title} lead={t.versions.lead(entry.name)}>
      <Loaded query={query} lines={3} isEmpty={(versions) => versions.length === 0} empty={<p className="text-ink-2">{t.versions.nothing}</p>}>
        {(versions) => (
          <ul className="flex flex-col">
            {versions.map((version) => (
              <VersionRow key={version.address} version={version} forbidden={forbidden} onRestore={() => restore(version)} onDownload={() => { save(versionUrl(person, id, version), entry.name) }} />
            ))}
          </ul>
        )}
      </Loaded>
      <div className="flex justify-end"><Button onClick={onClose}>{t.common.close}</Button></div>
    </Modal>
  )
}

interface VersionRowProps { version: Version; forbidden: string | undefined; onRestore: () => Promise<void>; onDownload: () => void }

function VersionRow({ version, forbidden, onRestore, onDownload }: VersionRowProps) {
  const t = useWords()
  const locale = useLocale()
  const restore = useSubmit(onRestore)
  const time = version.modified ? moment(version.modified, locale) : version.address
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line py-2.5 last:border-0">
      <span className="min-w-0 flex-1 basis-40">
        <span className="block">{time}</span>
        {version.size !== undefined && <span className="tabular block text-sm text-ink-2">{bytes(version.size, locale)}</span>}
      </span>
      <Button look="quiet" aria-label={t.versions.downloadOf(time)} onClick={onDownload}>{t.files.download}</Button>
      <Button forbidden={forbidden} busy={restore.busy} aria-label={t.versions.restoreOf(time)} onClick={() => { restore.onSubmit() }}>{t.versions.restore}</Button>
      {restore.error !== undefined && <div className="w-full"><ErrorNote error={restore.error} /></div>}
    </li>
  )
}
