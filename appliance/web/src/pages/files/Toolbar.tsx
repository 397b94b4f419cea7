import type { Entry } from '@/lib/propfind'
import { useLocale, useWords } from '@/lib/words'
import { useStore } from '@/lib/store'
import { bytes } from '@/lib/units'
import { chooseLayout, fileView, orderBy } from '@/pages/files/view'
import { Button } from '@/ui/Button'
import { Icon } from '@/ui/Icon'
import { Segments } from '@/ui/Segments'

interface ToolbarProps { chosen: readonly Entry[]; onClear: () => void; onCarry: () => void; onDelete: () => void; onDownload: () => void; onVersions: (entry: Entry) => void; onShare: (entry: Entry) => void }

/** What can be done with the selection; without one, how the folder is shown. */
export function Toolbar({ chosen, onClear, onCarry, onDelete, onDownload, onVersions, onShare }: ToolbarProps) {
  const t = useWords()
  const locale = useLocale()
  const { layout, order } = useStore(fileView)
  const size = chosen.reduce((sum, entry) => sum + (entry.size ?? 0), 0)
  const mounted = chosen.some((entry) => entry.mounted)
  const [only] = chosen.length === 1 ? chosen : []
  const fixed = chosen.some(({ permissions }) => permissions !== undefined && !permissions.includes('D'))
  return (
    <div className="mb-3 flex min-h-11 flex-wrap items-center justify-between gap-3">
      <p role="status" className="text-sm text-ink-2">{chosen.length > 0 && t.files.selected(chosen.length, bytes(size, locale))}</p>
      <div className="flex flex-wrap items-center gap-2">
        {chosen.length > 0
          ? (
            <>
              <Button look="quiet" onClick={onClear}>{t.files.selectNone}</Button>
              {only && <Button forbidden={only.mounted ? t.links.wholeSpace : only.permissions?.includes('R') === false ? t.links.mayNot : undefined} onClick={() => { onShare(only) }}>{t.links.share}</Button>}
              {only?.kind === 'file' && only.id !== undefined && <Button onClick={() => { onVersions(only) }}>{t.versions.title}</Button>}
              <Button onClick={onDownload}>{t.files.download}</Button>
              <Button forbidden={mounted ? t.carry.stays : undefined} onClick={onCarry}>{t.carry.action}</Button>
              <Button forbidden={mounted ? t.files.mountedDelete : fixed ? t.files.readOnly : undefined} onClick={onDelete}>{t.files.delete}</Button>
            </>
          )
          : (
            <>
              <div role="group" aria-label={t.files.sort} className="flex">
                {(['name', 'modified', 'size'] as const).map((key) => (
                  <Button key={key} look="quiet" aria-pressed={order.key === key} className="px-2.5 aria-pressed:text-ink" onClick={() => { orderBy(key) }}>
                    {t.files[key]}
                    {order.key === key && <Icon name={order.descending ? 'down' : 'up'} size={14} />}
                  </Button>
                ))}
              </div>
              <Segments label={t.files.view} value={layout} onChoose={chooseLayout} options={[['list', <Icon key="list" name="list" />, t.files.list], ['grid', <Icon key="grid" name="grid" />, t.files.grid]]} />
            </>
          )}
      </div>
    </div>
  )
}
