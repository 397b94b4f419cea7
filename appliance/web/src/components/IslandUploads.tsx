import { IslandUploadList } from '@/components/IslandUploadList'
import { duration, rate } from '@/lib/units'
import type { UploadQueue, UploadSummary } from '@/lib/upload/queue'
import { useLocale, useWords } from '@/lib/words'
import { Button } from '@/ui/Button'
import { Meter } from '@/ui/Meter'

/** The upload in the island: one line while it goes well, a list when asked for or when something failed. */
export function IslandUploads({ uploads, queue, open, onOpen }: { uploads: UploadSummary; queue: UploadQueue; open: boolean; onOpen: (open: boolean) => void }) {
  const t = useWords()
  const locale = useLocale()
  const first = uploads.sending[0]
  const folder = first?.root.at(-1) ?? t.files.root
  const speed = [
    uploads.bytesPerSecond === undefined ? '' : rate(uploads.bytesPerSecond, locale),
    uploads.secondsLeft === undefined ? '' : t.island.left(duration(uploads.secondsLeft)),
  ].filter(Boolean).join(' · ')
  const headline = uploads.open > 0
    ? t.island.uploading(Math.min(uploads.done + 1, uploads.files), uploads.files, folder)
    : [uploads.done > 0 ? t.island.uploaded(uploads.done) : '', uploads.failed.length > 0 ? t.island.failed(uploads.failed.length) : ''].filter(Boolean).join(' ')
  const listed = open || uploads.failed.length > 0
  return (
    <div className={`rise pointer-events-auto flex w-full max-w-xl flex-col gap-2 bg-island py-2 pr-2 pl-5 text-sm text-island-ink shadow-lift ${listed ? 'rounded-3' : 'rounded-3 sm:w-auto sm:rounded-full'}`}>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <span role="status" className="min-w-0 flex-1 truncate">{headline}</span>
        {uploads.open > 0 && (
          <>
            <div className="w-24 sm:w-28"><Meter look="island" value={uploads.sent} max={uploads.bytes} label={t.island.progress} /></div>
            {speed !== '' && <span className="tabular text-island-ink-2">{speed}</span>}
            {uploads.failed.length === 0 && <Button look="island" className="rounded-full" aria-expanded={open} onClick={() => { onOpen(!open) }}>{open ? t.island.hide : t.island.details}</Button>}
            <Button look="island" className="rounded-full" onClick={() => { queue.cancelAll() }}>{t.island.cancelAll}</Button>
          </>
        )}
        {uploads.open === 0 && <Button look="island" className="rounded-full" onClick={() => { queue.clear() }}>{t.island.dismiss}</Button>}
      </div>
      {listed && <IslandUploadList uploads={uploads} queue={queue} />}
    </div>
  )
}
