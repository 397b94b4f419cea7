import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { carryFrom, type Arrived } from '@/api/carry'
import { davUrl, folderQuery } from '@/api/dav'
import { keys } from '@/api/keys'
import { isCode, isStatus } from '@/api/problem'
import { ErrorNote } from '@/components/ErrorNote'
import { Loaded } from '@/components/Loaded'
import { useSubmit } from '@/components/submit'
import { fileKind, sortEntries } from '@/lib/entries'
import { say } from '@/lib/notices'
import { pathKey, type Path } from '@/lib/path'
import type { Entry } from '@/lib/propfind'
import { bytes } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { useDiskWords } from '@/lib/words/disks'
import { Button } from '@/ui/Button'
import { Icon } from '@/ui/Icon'
import { Meter } from '@/ui/Meter'
import { Modal } from '@/ui/Modal'

/** A thing that was not copied, or not whole, and why. */
interface Left { name: string; error: unknown }

interface CarryDialogProps {
  person: string
  folder: Path
  entries: readonly Entry[]
  onClose: () => void
  /** Where the originals are, if not among the files: then they are copied, and stay. */
  source?: (path: Path) => string
}

/** What came with something missing, is there already, or cannot be read keeps nobody from copying the rest of a disk. */
const goesOn = (error: unknown): boolean => isCode(error, 'copied-in-part') || isCode(error, 'disk-read-failed') || isStatus(error, 412)

/** Asks for a folder, in one's own space or a shared one, and moves or copies things there one after the other. */
export function CarryDialog({ person, folder, entries, onClose, source }: CarryDialogProps) {
  const t = useWords()
  const d = useDiskWords()
  const locale = useLocale()
  const client = useQueryClient()
  const [at, setAt] = useState(folder)
  const [arrived, setArrived] = useState<Arrived>()
  const [left, setLeft] = useState<readonly Left[]>([])
  const method = useRef<'MOVE' | 'COPY'>('MOVE')
  const ended = useRef(new AbortController())
  const listing = useQuery(folderQuery(person, at))
  const run = async (): Promise<void> => {
    const { signal } = ended.current
    const lacking: Left[] = []
    setLeft(lacking)
    try {
      for (const { path, name } of entries) {
        setArrived({ arrived: 0, whole: 0 })
        try {
          await carryFrom(person, method.current, source?.(path) ?? davUrl(person, path), [...at, name], signal, setArrived)
        } catch (error) {
          if (signal.aborted || source === undefined || entries.length === 1 || !goesOn(error)) throw error
          lacking.push({ name, error })
        }
      }
      if (lacking.length > 0) {
        setLeft(lacking)
        return
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
  const here = source === undefined && pathKey(at) === pathKey(folder) ? t.carry.here : undefined
  const forbidden = self !== undefined && !/[CK]/.test(self) ? t.files.readOnly : here
  // What is moved has to go away, and a shared space does not.
  const fixed = entries.some(({ mounted, permissions }) => mounted || permissions?.includes('D') === false) ? t.carry.stays : undefined
  return (
    <Modal open onClose={onClose} title={(source ? d.copyTitle : t.carry.title)(entries.length, entries[0]?.name ?? '')} lead={t.carry.lead(at.at(-1) ?? t.files.root)}>
      {submit.busy
        ? (
          <div role="status" className="flex flex-col gap-2">
            <Meter value={arrived?.arrived ?? 0} max={arrived?.whole ?? 0} label={t.carry.working} />
            <p className="tabular text-sm text-ink-2">{arrived && arrived.whole > 0 ? t.carry.done(bytes(arrived.arrived, locale), bytes(arrived.whole, locale)) : t.carry.working}</p>
          </div>
        )
        : (
          <Loaded query={listing} lines={5}>
            {({ entries: listed }) => <Folders folders={sortEntries(listed, { key: 'name', descending: false }, locale).filter((entry) => entry.kind === 'folder' && (source !== undefined || !entries.some(({ path }) => pathKey(path) === pathKey(entry.path))))} onUp={at.length > 0 ? () => { setAt(at.slice(0, -1)) } : undefined} onOpen={setAt} />}
          </Loaded>
        )}
      {left.length > 0 && !submit.busy && (
        <div className="flex flex-col gap-2">
          <p>{d.copiedBut(entries.length - left.length, left.length)}</p>
          <ul className="flex max-h-[40dvh] flex-col gap-2 overflow-y-auto">
            {left.map(({ name, error }) => <li key={name} className="flex flex-col gap-1"><span className="font-semibold break-words">{name}</span><ErrorNote error={error} /></li>)}
          </ul>
        </div>
      )}
      {submit.error !== undefined && <ErrorNote error={submit.error} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button busy={submit.busy} forbidden={forbidden} onClick={() => { begin('COPY') }}>{t.carry.copy}</Button>
        {!source && <Button look="primary" busy={submit.busy} forbidden={fixed ?? forbidden} onClick={() => { begin('MOVE') }}>{t.carry.move}</Button>}
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
