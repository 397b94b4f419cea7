import { useState } from 'react'
import { SCREEN, TILE } from '@/api/dav'
import { pastPreviewUrl, pastUrl, type Past } from '@/api/times'
import { SmallPicture } from '@/components/SmallPicture'
import { fileKind } from '@/lib/entries'
import type { Entry } from '@/lib/propfind'
import { differs } from '@/lib/times'
import { bytes, moment } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { useTimesWords } from '@/lib/words/times'
import { save } from '@/pages/files/save'
import { Button } from '@/ui/Button'
import { Icon } from '@/ui/Icon'
import { Link } from '@/ui/Link'
import { Modal } from '@/ui/Modal'
import { Pill } from '@/ui/Pill'

interface PastListProps {
  person: string
  past: Past
  entries: readonly Entry[]
  /** What is in the same folder now; `undefined` while nobody knows. */
  now: readonly Entry[] | undefined
  forbidden: string | undefined
  folderHref: (entry: Entry) => string
  onBack: (entry: Entry) => void
}

/** Rows that are drawn at first; more when they are asked for. */
const FIRST = 200

/** What was in a folder, with what of it differs from now. */
export function PastList({ person, past, entries, now, forbidden, folderHref, onBack }: PastListProps) {
  const t = useWords()
  const w = useTimesWords()
  const [most, setMost] = useState(FIRST)
  const [viewed, setViewed] = useState<Entry>()
  const of = (entry: Entry): Past => ({ ...past, path: [...past.path, entry.name] })
  return (
    <>
      <ul aria-label={w.things} className="flex flex-col">
        {entries.slice(0, most).map((entry) => (
          <PastRow key={entry.name} entry={entry} difference={now === undefined ? 'same' : differs(entry, now)} forbidden={forbidden}
            picture={entry.previewed ? pastPreviewUrl(person, of(entry), entry.etag, TILE, 'cover') : undefined} href={folderHref(entry)}
            onView={() => { if (entry.previewed) setViewed(entry); else save(pastUrl(person, of(entry)), entry.name) }} onDownload={() => { save(pastUrl(person, of(entry)), entry.name) }} onBack={() => { onBack(entry) }} />
        ))}
      </ul>
      {entries.length > most && <Button className="mt-3" onClick={() => { setMost(most * 5) }}>{w.more(entries.length - most)}</Button>}
      {viewed && (
        <Modal open onClose={() => { setViewed(undefined) }} title={viewed.name}>
          <img src={pastPreviewUrl(person, of(viewed), viewed.etag, SCREEN, 'fit')} alt={viewed.name} className="max-h-[60dvh] w-full rounded-2 object-contain" />
          <div className="flex justify-end gap-2">
            <Button onClick={() => { save(pastUrl(person, of(viewed)), viewed.name) }}>{t.files.download}</Button>
            <Button onClick={() => { setViewed(undefined) }}>{t.common.close}</Button>
          </div>
        </Modal>
      )}
    </>
  )
}

interface PastRowProps { entry: Entry; difference: 'same' | 'gone' | 'changed'; forbidden: string | undefined; picture: string | undefined; href: string; onView: () => void; onDownload: () => void; onBack: () => void }

function PastRow({ entry, difference, forbidden, picture, href, onView, onDownload, onBack }: PastRowProps) {
  const t = useWords()
  const w = useTimesWords()
  const locale = useLocale()
  const icon = <Icon name={fileKind(entry)} size={25} />
  const name = 'max-w-full truncate text-left font-medium underline-offset-4 hover:underline'
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line py-2.5 last:border-0">
      <span className={`grid size-10 place-items-center overflow-hidden rounded-1 ${entry.kind === 'folder' ? 'text-accent' : 'text-ink-3'}`}>
        {picture === undefined ? icon : <SmallPicture src={picture} otherwise={icon} />}
      </span>
      <span className="flex min-w-0 flex-1 basis-44 flex-col items-start">
        {entry.kind === 'folder' ? <Link href={href} className={name}>{entry.name}</Link> : <button type="button" className={name} onClick={onView}>{entry.name}</button>}
        <span className="tabular text-sm text-ink-2">{[entry.size === undefined ? '' : bytes(entry.size, locale), entry.kind === 'file' && entry.modified ? moment(entry.modified, locale) : ''].filter(Boolean).join(' · ')}</span>
      </span>
      {difference !== 'same' && <Pill tone={difference === 'gone' ? 'warn' : 'plain'}>{w.differs[difference]}</Pill>}
      <span className="flex gap-2">
        {entry.kind === 'file' && <Button look="quiet" aria-label={w.downloadNamed(entry.name)} onClick={onDownload}>{t.files.download}</Button>}
        <Button forbidden={forbidden} aria-label={w.backNamed(entry.name)} onClick={onBack}>{w.back}</Button>
      </span>
    </li>
  )
}
