import { explain, isStatus } from '@/api/problem'
import { bytes } from '@/lib/units'
import type { UploadQueue, UploadSummary } from '@/lib/upload/queue'
import { useLocale, useWords } from '@/lib/words'
import { Button } from '@/ui/Button'

/** The files on the way, and those that failed with the reason and a way to try again. */
export function IslandUploadList({ uploads, queue }: { uploads: UploadSummary; queue: UploadQueue }) {
  const t = useWords()
  const locale = useLocale()
  return (
    <ul className="flex max-h-[40dvh] flex-col gap-2 overflow-y-auto pr-3 pb-2">
      {uploads.sending.map((upload) => (
        <li key={upload.id} className="flex justify-between gap-4">
          <span className="truncate">{upload.name}</span>
          <span className="tabular whitespace-nowrap text-island-ink-2">{t.island.ofBytes(bytes(upload.sent, locale), bytes(upload.file.size, locale))}</span>
        </li>
      ))}
      {uploads.failed.map((upload) => {
        // 412: the upload said that it must not replace anything.
        const exists = isStatus(upload.error, 412)
        return (
          <li key={upload.id} className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
            <span className="min-w-0 flex-1 basis-48">
              <span className="block truncate font-medium">{upload.name}</span>
              <span className="block text-island-ink-2">{exists ? t.island.exists : explain(upload.error).sentence}</span>
            </span>
            <Button look="island" className="rounded-full" aria-label={`${exists ? t.island.replace : t.island.tryAgain}: ${upload.name}`} onClick={() => { queue.retry(upload.id, exists ? 'replace' : 'keep') }}>
              {exists ? t.island.replace : t.island.tryAgain}
            </Button>
          </li>
        )
      })}
    </ul>
  )
}
