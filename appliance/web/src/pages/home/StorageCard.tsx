import type { Pool } from '@/api/types'
import { useLocale, useWords } from '@/lib/words'
import { bytes } from '@/lib/units'
import { Card } from '@/ui/Card'
import { Meter } from '@/ui/Meter'

/** How full the storage is, and what it cannot do. */
export function StorageCard({ pool }: { pool: Pool }) {
  const t = useWords()
  const locale = useLocale()
  const used = pool.total - pool.free
  const percent = (pool.total > 0 ? used / pool.total : 0).toLocaleString(locale, { style: 'percent' })
  return (
    <Card title={t.home.storage} aside={<span className="text-sm text-ink-2">{t.home.pool(pool.kind, pool.file_system)}</span>} className="lg:col-span-7">
      <p className="big">{t.home.free(bytes(pool.free, locale), bytes(pool.total, locale))}</p>
      <Meter value={used} max={pool.total} label={t.home.used(percent)} />
      <p className="text-sm text-ink-2">{t.home.used(percent)}</p>
      {pool.unavailable.length > 0 && (
        <details className="text-sm text-ink-2">
          <summary className="font-semibold">{t.home.cannot}</summary>
          <ul className="mt-2 flex flex-col gap-1">
            {pool.unavailable.map(({ feature, reason }) => <li key={feature}><b className="font-semibold text-ink">{feature}</b>: {reason}</li>)}
          </ul>
        </details>
      )}
    </Card>
  )
}
