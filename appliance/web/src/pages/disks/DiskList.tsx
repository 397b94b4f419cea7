import { useState } from 'react'
import { onDiskPreviewUrl, onDiskUrl } from '@/api/adopted'
import { SCREEN, TILE } from '@/api/dav'
import { SmallPicture } from '@/components/SmallPicture'
import { fileKind } from '@/lib/entries'
import { diskPath } from '@/lib/paths'
import type { Entry } from '@/lib/propfind'
import { bytes, moment } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { useDiskWords } from '@/lib/words/disks'
import { useTimesWords } from '@/lib/words/times'
import { save } from '@/pages/files/save'
import { Button } from '@/ui/Button'
import { Icon } from '@/ui/Icon'
import { Link } from '@/ui/Link'
import { Modal } from '@/ui/Modal'

/** Rows that are drawn at first; more when they are asked for. */
const FIRST = 200

interface DiskListProps { person: string; entries: readonly Entry[]; top: boolean; onCopy: (entry: Entry) => void }

/** What is in a folder on a disk. */
export function DiskList({ person, entries, top, onCopy }: DiskListProps) {
  const t = useWords()
  const w = useTimesWords()
  const d = useDiskWords()
  const [most, setMost] = useState(FIRST)
  const [viewed, setViewed] = useState<Entry>()
  const download = ({ path, name }: Entry): void => { save(onDiskUrl(person, path), name) }
  return (
    <>
      <ul aria-label={d.things} className="flex flex-col">
        {entries.slice(0, most).map((entry) => <Row key={entry.name} person={person} entry={entry} top={top} onView={() => { if (entry.previewed) setViewed(entry); else download(entry) }} onDownload={() => { download(entry) }} onCopy={() => { onCopy(entry) }} />)}
      </ul>
      {entries.length > most && <Button className="mt-3" onClick={() => { setMost(most * 5) }}>{w.more(entries.length - most)}</Button>}
      {viewed && (
        <Modal open onClose={() => { setViewed(undefined) }} title={viewed.name}>
          <img src={onDiskPreviewUrl(person, viewed.path, viewed.etag, SCREEN, 'fit')} alt={viewed.name} className="max-h-[60dvh] w-full rounded-2 object-contain" />
          <div className="flex justify-end gap-2">
            <Button onClick={() => { download(viewed) }}>{t.files.download}</Button>
            <Button onClick={() => { setViewed(undefined) }}>{t.common.close}</Button>
          </div>
        </Modal>
      )}
    </>
  )
}

interface RowProps { person: string; entry: Entry; top: boolean; onView: () => void; onDownload: () => void; onCopy: () => void }

function Row({ person, entry, top, onView, onDownload, onCopy }: RowProps) {
  const t = useWords()
  const w = useTimesWords()
  const d = useDiskWords()
  const locale = useLocale()
  const icon = <Icon name={top ? 'disk' : fileKind(entry)} size={25} />
  const name = 'max-w-full truncate text-left font-medium underline-offset-4 hover:underline'
  const facts = [entry.size === undefined ? '' : bytes(entry.size, locale), entry.kind === 'file' && entry.modified ? moment(entry.modified, locale) : '']
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line py-2.5 last:border-0">
      <span className={`grid size-10 place-items-center overflow-hidden rounded-1 ${entry.kind === 'folder' ? 'text-accent' : 'text-ink-3'}`}>
        {entry.previewed ? <SmallPicture src={onDiskPreviewUrl(person, entry.path, entry.etag, TILE, 'cover')} otherwise={icon} /> : icon}
      </span>
      <span className="flex min-w-0 flex-1 basis-44 flex-col items-start">
        {entry.kind === 'folder' ? <Link href={diskPath(entry.path)} className={name}>{entry.name}</Link> : <button type="button" className={name} onClick={onView}>{entry.name}</button>}
        <span className="tabular text-sm text-ink-2">{facts.filter(Boolean).join(' · ')}</span>
      </span>
      {!top && (
        <span className="flex gap-2">
          {entry.kind === 'file' && <Button look="quiet" aria-label={w.downloadNamed(entry.name)} onClick={onDownload}>{t.files.download}</Button>}
          <Button aria-label={d.copyNamed(entry.name)} onClick={onCopy}>{d.copy}</Button>
        </span>
      )}
    </li>
  )
}
