import { ErrorNote } from '@/components/ErrorNote'
import { useSubmit } from '@/components/submit'
import { fileKind } from '@/lib/entries'
import type { TrashItem } from '@/lib/kept'
import { ago, bytes, moment } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { Button } from '@/ui/Button'
import { Icon } from '@/ui/Icon'

/** Something that was deleted, with when and from where. */
export function TrashRow({ item, onRestore, onPurge }: { item: TrashItem; onRestore: () => Promise<void>; onPurge: () => void }) {
  const t = useWords()
  const locale = useLocale()
  const restore = useSubmit(onRestore)
  const place = item.from.length > 0 ? item.from.join(' / ') : t.files.root
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line py-2.5 last:border-0">
      <span className={item.kind === 'folder' ? 'text-accent' : 'text-ink-3'}><Icon name={fileKind({ ...item, mounted: false })} size={25} /></span>
      <span className="min-w-0 flex-1 basis-52">
        <span className="block truncate font-medium">{item.name}</span>
        <span className="block truncate text-sm text-ink-2" title={item.deleted && moment(item.deleted, locale)}>{t.trash.from(place, item.deleted ? ago(item.deleted, locale) : '')}</span>
      </span>
      <span className="tabular w-20 text-right text-sm text-ink-2">{item.size !== undefined && bytes(item.size, locale)}</span>
      <span className="flex gap-2">
        <Button busy={restore.busy} aria-label={t.trash.restoreNamed(item.name)} onClick={() => { restore.onSubmit() }}>{t.trash.restore}</Button>
        <Button look="quiet" aria-label={t.trash.purgeNamed(item.name)} onClick={onPurge}>{t.trash.purge}</Button>
      </span>
      {restore.error !== undefined && <div className="w-full"><ErrorNote error={restore.error} /></div>}
    </li>
  )
}
