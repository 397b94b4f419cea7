import type { Pool, PoolChange } from '@/api/types'
import { ago, bytes } from '@/lib/units'
import { type Words, useLocale, useWords } from '@/lib/words'
import { isBusy } from '@/pages/storage/offers'
import type { Scene } from '@/pages/storage/scene'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'

type Check = NonNullable<Pool['checked']>

/** When all data was last read and compared, and what was found. */
export function CheckedCard({ scene, onAsk }: { scene: Scene; onAsk: (change: PoolChange) => void }) {
  const t = useWords()
  const locale = useLocale()
  const { checked, work } = scene.pool
  return (
    <Card className="lg:col-span-4" title={t.storage.check} aside={checked != null && <span className="text-sm text-ink-2">{ago(new Date(checked.at), locale)}</span>}>
      {checked == null ? <><p className="big">{t.storage.never}</p><p className="text-sm text-ink-2">{t.storage.neverHelp}</p></> : (
        <>
          <p className={`big ${checked.lost > 0 ? 'text-bad' : ''}`}>{sentence(t, checked)}</p>
          <p className="text-sm text-ink-2">{t.storage.read(bytes(checked.read, locale))} {checked.mended > 0 && t.storage.mended(checked.mended)}</p>
          {checked.lost > 0 && <p className="text-sm">{checked.files.length > 0 ? t.storage.lost(checked.lost) : t.storage.lostUnnamed(checked.lost)}</p>}
          {checked.files.length > 0 && (
            // A region that scrolls must be reachable by keyboard.
            // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
            <ul tabIndex={0} aria-label={t.storage.damaged} className="flex max-h-56 flex-col gap-1 overflow-y-auto rounded-1 bg-bad-soft p-3 text-sm text-bad">
              {checked.files.map((file) => <li key={file} className="break-words">{file}</li>)}
            </ul>
          )}
        </>
      )}
      {work?.change.do !== 'scrub' && !isBusy(scene.pool) && <Button className="self-start" onClick={() => { onAsk({ do: 'scrub' }) }}>{t.storage.offers.scrub}</Button>}
    </Card>
  )
}

function sentence({ storage }: Words, { mended, lost, files }: Check): string {
  if (lost > 0) return storage.checkedLost(files.length)
  return mended > 0 ? storage.checkedMended : storage.checkedWell
}
