import { Dialog } from '@base-ui/react/dialog'
import type { KeyboardEvent } from 'react'
import { davUrl } from '@/api/dav'
import type { Entry } from '@/lib/propfind'
import { moment } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { save } from '@/pages/files/save'
import { Shown } from '@/pages/files/Shown'
import { Button } from '@/ui/Button'
import { Icon } from '@/ui/Icon'
import { Nothing } from '@/ui/Nothing'
import { Waiting } from '@/ui/Waiting'

interface ViewerProps {
  person: string
  /** What is shown; `undefined` while it is read, `null` where it cannot be opened. */
  entry: Entry | null | undefined
  /** Its place among so many, one after the other. */
  at: number
  count: number
  onMove: (at: number) => void
  onClose: () => void
  /** What has the focus afterwards, where it is not what had it before. */
  returnTo?: () => HTMLElement | null
}

/** Files one at a time over the whole page; the arrow keys go on and back, Escape ends it. */
export function Viewer({ person, entry, at, count, onMove, onClose, returnTo }: ViewerProps) {
  const t = useWords()
  const locale = useLocale()
  const move = (step: number): void => { if (at + step >= 0 && at + step < count) onMove(at + step) }
  const onKeyDown = (event: KeyboardEvent): void => {
    // A film and a text have a use of their own for these keys.
    if (event.target instanceof HTMLMediaElement || event.target instanceof HTMLPreElement) return
    if (event.key === 'ArrowLeft') move(-1)
    else if (event.key === 'ArrowRight') move(1)
    else return
    event.preventDefault()
  }
  return (
    <Dialog.Root open onOpenChange={(next) => { if (!next) onClose() }}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-veil" />
        <Dialog.Popup onKeyDown={onKeyDown} finalFocus={returnTo ?? true} className="fixed inset-0 z-50 flex flex-col gap-3 bg-surface p-3 sm:p-5">
          <div className="flex items-center gap-2">
            <Dialog.Title className="grow truncate font-[550]">{entry === null ? t.photos.closed : entry?.name ?? t.common.loading}</Dialog.Title>
            {entry?.taken && <Dialog.Description className="hidden shrink-0 text-sm text-ink-2 sm:block">{t.photos.taken(moment(entry.taken, locale))}</Dialog.Description>}
            <span className="shrink-0 text-sm text-ink-2">{t.files.viewing(at + 1, count)}</span>
            <Button look="quiet" disabled={!entry} onClick={() => { if (entry) save(davUrl(person, entry.path), entry.name) }}>{t.files.download}</Button>
            <Dialog.Close render={<Button look="quiet" aria-label={t.files.viewClose} className="px-2.5" />}><Icon name="close" /></Dialog.Close>
          </div>
          <div className="grid min-h-0 grow grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-1">
            <Button look="quiet" aria-label={t.files.viewBefore} disabled={at === 0} className="px-2.5" onClick={() => { move(-1) }}><Icon name="left" /></Button>
            {entry === null ? <Nothing icon="image" title={t.photos.closed} help={t.photos.closedHelp} /> : entry ? <Shown key={`${entry.name} ${entry.etag ?? ''}`} person={person} entry={entry} /> : <Waiting label={t.common.loading} />}
            <Button look="quiet" aria-label={t.files.viewNext} disabled={at >= count - 1} className="px-2.5" onClick={() => { move(1) }}><Icon name="right" /></Button>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
