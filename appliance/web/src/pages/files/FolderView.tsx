import { useEffect, useMemo, useState } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { archiveUrl, davUrl } from '@/api/dav'
import { keys } from '@/api/keys'
import { streaming } from '@/api/settled'
import { uploadsOf } from '@/components/uploads'
import { NewFolderForm } from '@/forms/NewFolderForm'
import { showing, sortEntries } from '@/lib/entries'
import { navigate } from '@/lib/location'
import { say } from '@/lib/notices'
import type { Path } from '@/lib/path'
import { folderPath, paths, timesPath } from '@/lib/paths'
import type { Entry, Listing } from '@/lib/propfind'
import { nothingChosen } from '@/lib/selection'
import { bytes } from '@/lib/units'
import type { Found } from '@/lib/upload/collect'
import { useLocale, useWords } from '@/lib/words'
import { useTimesWords } from '@/lib/words/times'
import { useStore } from '@/lib/store'
import { Breadcrumbs } from '@/pages/files/Breadcrumbs'
import { CarryDialog } from '@/pages/files/CarryDialog'
import { DeleteDialog } from '@/pages/files/DeleteDialog'
import { DisksLink } from '@/pages/files/DisksLink'
import { DropZone } from '@/pages/files/DropZone'
import { EntryList } from '@/pages/files/EntryList'
import { Toolbar } from '@/pages/files/Toolbar'
import { ShareDialog } from '@/pages/files/ShareDialog'
import { UploadMenu } from '@/pages/files/UploadMenu'
import { VersionsDialog } from '@/pages/files/VersionsDialog'
import { save } from '@/pages/files/save'
import { Viewer } from '@/pages/files/Viewer'
import { fileView } from '@/pages/files/view'
import { Button } from '@/ui/Button'
import { Link } from '@/ui/Link'
import { Modal } from '@/ui/Modal'
import { Nothing } from '@/ui/Nothing'
import { PageHead } from '@/ui/PageHead'
import { buttonClass } from '@/ui/buttonClass'

/** An open folder with everything that can be done in it. */
export function FolderView({ person, folder, title, listing }: { person: string; folder: Path; title: string; listing: Listing }) {
  const t = useWords()
  const w = useTimesWords()
  const locale = useLocale()
  const client = useQueryClient()
  const view = useStore(fileView)
  const { queue, summary } = uploadsOf(person)
  const { done } = useStore(summary)
  const [selection, setSelection] = useState(nothingChosen)
  const [making, setMaking] = useState(false)
  const [versionsOf, setVersionsOf] = useState<Entry>()
  const [sharing, setSharing] = useState<Entry>()
  const [viewing, setViewing] = useState<string>()
  const [deleting, setDeleting] = useState<Entry[]>()
  const [carrying, setCarrying] = useState<Entry[]>()
  const entries = useMemo(() => sortEntries(listing.entries, view.order, locale), [listing.entries, view.order, locale])
  const chosen = [...selection.chosen].toSorted((a, b) => a - b).flatMap((at) => entries[at] ?? [])
  const forbidden = mayCreate(listing.self) ? undefined : t.files.readOnly
  const viewable = useMemo(() => entries.filter((entry) => showing(entry) !== undefined), [entries])
  const viewed = viewable.findIndex(({ name }) => name === viewing)
  const files = entries.filter(({ kind }) => kind === 'file')
  const size = files.reduce((sum, entry) => sum + (entry.size ?? 0), 0)

  useEffect(() => {
    // The event stream tells of new files; without it what was sent shows all the same.
    if (done > 0 && !streaming.get()) void client.invalidateQueries({ queryKey: keys.folder(folder), exact: true })
  }, [done, client, folder])
  // Indexes mean other things once the list has changed its order or length.
  useEffect(() => { setSelection(nothingChosen) }, [entries.length, view.order])

  const upload = (found: readonly Found[]): void => { if (found.length > 0) queue.add(folder, found) }
  const download = ({ kind, path, name }: Entry): void => {
    if (kind === 'folder') save(archiveUrl(person, path), `${name}.zip`)
    else save(davUrl(person, path), name)
  }
  const open = (entry: Entry): void => {
    if (entry.kind === 'folder') navigate(folderPath(entry.path))
    else if (showing(entry)) setViewing(entry.name)
    else download(entry)
  }
  const buttons = (
    <>
      {folder.length === 0 && <DisksLink person={person} />}
      <Link href={paths.links} className={buttonClass('quiet')}>{t.links.title}</Link>
      <Link href={timesPath(undefined, folder)} className={buttonClass('quiet')}>{w.title}</Link>
      <Link href={paths.trash} className={buttonClass('quiet')}>{t.trash.title}</Link>
      <Button forbidden={forbidden} onClick={() => { setMaking(true) }}>{t.files.newFolder}</Button>
      <UploadMenu forbidden={forbidden} onFound={upload} />
    </>
  )
  return (
    <>
      <PageHead above={<Breadcrumbs folder={folder} />} title={title} lead={entries.length > 0 ? t.files.lead(entries.length - files.length, files.length, bytes(size, locale)) : undefined}>{buttons}</PageHead>
      {entries.length === 0
        ? <Nothing icon="folder" title={t.files.empty} help={forbidden ?? t.files.emptyHelp} />
        : (
          <>
            <Toolbar chosen={chosen} onClear={() => { setSelection(nothingChosen) }} onCarry={() => { setCarrying(chosen) }} onDelete={() => { setDeleting(chosen) }} onDownload={() => { for (const entry of chosen) download(entry) }} onVersions={setVersionsOf} onShare={setSharing} />
            <EntryList person={person} entries={entries} grid={view.layout === 'grid'} selection={selection} onSelection={setSelection} onOpen={open} onDelete={() => { if (chosen.length > 0) setDeleting(chosen) }} />
          </>
        )}
      {forbidden === undefined && <DropZone folder={title} onFound={upload} />}
      <Modal open={making} onClose={() => { setMaking(false) }} title={t.files.newFolder}>
        <NewFolderForm person={person} folder={folder} onCancel={() => { setMaking(false) }} onDone={(name) => {
          setMaking(false)
          void client.invalidateQueries({ queryKey: keys.folder(folder), exact: true })
          say(t.files.made(name))
        }} />
      </Modal>
      {versionsOf?.id !== undefined && <VersionsDialog person={person} entry={versionsOf} id={versionsOf.id} onClose={() => { setVersionsOf(undefined) }} />}
      {sharing && <ShareDialog entry={sharing} onClose={() => { setSharing(undefined) }} />}
      {viewed >= 0 && <Viewer person={person} entry={viewable[viewed]} at={viewed} count={viewable.length} onMove={(at) => { setViewing(viewable[at]?.name) }} onClose={() => { setViewing(undefined) }} />}
      {carrying && <CarryDialog person={person} folder={folder} entries={carrying} onClose={() => { setCarrying(undefined) }} />}
      {deleting && <DeleteDialog person={person} folder={folder} entries={deleting} onClose={() => { setDeleting(undefined) }} />}
    </>
  )
}

/** Letters C and K: files and folders may be made. A box that says no letters leaves the judgement to the attempt. */
const mayCreate = ({ permissions }: Entry): boolean => permissions === undefined || /[CK]/.test(permissions)
