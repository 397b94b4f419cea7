import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { carry, type Arrived } from '@/api/carry'
import { folderQuery } from '@/api/dav'
import { keys } from '@/api/keys'
import { ErrorNote } from '@/components/ErrorNote'
import { Loaded } from '@/components/Loaded'
import { useSubmit } from '@/components/submit'
import { fileKind, sortEntries } from '@/lib/entries'
import { say } from '@/lib/notices'
import { pathKey, type Path } from '@/lib/path'
import type { Entry } from '@/lib/propfind'
import { bytes } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { Button } from '@/ui/Button'
import { Icon } from '@/ui/Icon'
import { Meter } from '@/ui/Meter'
import { Modal } from '@/ui/Modal'

interface CarryDialogProps { person: string; folder: Path; entries: readonly Entry[]; onClose: () => void }

/** Asks for a folder, in one's own space or a shared one, and moves or copies things there one after the other. */
export function CarryDialog({ person, folder, entries, onClose }: CarryDialogProps) {
  const t = useWords()
  const locale = useLocale()
  const client = useQueryClient()
  const [at, setAt] = useState(folder)
  const [arrived, setArrived] = useState<Arrived>()
  const method = useRef<'MOVE' | 'COPY'>('MOVE')
  const ended = useRef(new AbortController())
  const listing = useQuery(folderQuery(person, at))
  const run = async (): Promise<void> => {
    const { signal } = ended.current
    try {
      for (const { path, name } of entries) {
        setArrived({ arrived: 0, whole: 0 })
        await carry(person, method.current, path, [...at, name], signal, setArrived)
      }
      say(method.current === 'MOVE' ? t.carry.moved(entries.length) : t.carry.copied(entries.length))
      onClose()
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      setArrived(undefined)
      await Promise.all([folder, at].map((changed) => client.invalidateQueries({ queryKey: keys.folder(changed), exact: true })))
    }
  }
  const submit = useSubmit(run)
  useEffect(() => {
    const controller = new AbortController()
    ended.current = controller
    return () => { controller.abort() }
  }, [])
  const begin = (wanted: 'MOVE' | 'COPY'): void => {
    method.current = wanted
    submit.onSubmit()
  }
  const self = listing.data?.self.permissions
  const here = pathKey(at) === pathKey(folder) ? t.carry.here : undefined
  const forbidden = self !== undefined && !/[CK]/.test(self) ? t.files.readOnly : here
  // What is moved has to go away, and a shared space does not.
  const fixed = entries.some(({ mounted, permissions }) => mounted || permissions?.includes('D') === false) ? t.carry.stays : undefined
  return (
    <Modal open onClose={onClose} title={t.carry.title(entries.length, entries[0]?.name ?? '')} lead={t.carry.lead(at.at(-1) ?? t.files.root)}>
      {submit.busy
        ? (
          <div role="status" className="flex flex-col gap-2">
            <Meter value={arrived?.arrived ?? 0} max={arrived?.whole ?? 0} label={t.carry.working} />
            <p className="tabular text-sm text-ink-2">{arrived && arrived.whole > 0 ? t.carry.done(bytes(arrived.arrived, locale), bytes(arrived.whole, locale)) : t.carry.working}</p>
          </div>
        )
        : (
          <Loaded query={listing} lines={5}>
            {({ entries: listed }) => <Folders folders={sortEntries(listed, { key: 'name', descending: false }, locale).filter((entry) => entry.kind === 'folder' && !entries.some(({ path }) => pathKey(path) === pathKey(entry.path)))} onUp={at.length > 0 ? () => { setAt(at.slice(0, -1)) } : undefined} onOpen={setAt} />}
          </Loaded>
        )}
      {submit.error !== undefined && <ErrorNote error={submit.error} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button busy={submit.busy} forbidden={forbidden} onClick={() => { begin('COPY') }}>{t.carry.copy}</Button>
        <Button look="primary" busy={submit.busy} forbidden={fixed ?? forbidden} onClick={() => { begin('MOVE') }}>{t.carry.move}</Button>
      </div>
    </Modal>
  )
}

function Folders({ folders, onUp, onOpen }: { folders: readonly Entry[]; onUp: (() => void) | undefined; onOpen: (path: Path) => void }) {
  const t = useWords()
  const line = 'w-full justify-start gap-2 text-left'
  return (
    <ul aria-label={t.carry.folders} className="flex max-h-[40dvh] flex-col overflow-y-auto">
      {onUp && <li><Button look="quiet" className={line} onClick={onUp}><Icon name="up" size={18} />{t.files.up}</Button></li>}
      {folders.map((entry) => (
        <li key={entry.name}>
          <Button look="quiet" className={line} onClick={() => { onOpen(entry.path) }}>
            <Icon name={fileKind(entry) === 'shared' ? 'shared' : 'folder'} size={18} />
            <span className="truncate">{entry.name}</span>
          </Button>
        </li>
      ))}
      {folders.length === 0 && <li className="px-3 py-2 text-ink-2">{t.carry.noFolders}</li>}
    </ul>
  )
}
