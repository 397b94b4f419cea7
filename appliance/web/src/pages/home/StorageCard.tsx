import type { Ground } from '@/api/types'
import { useIsOwner } from '@/components/person'
import { paths } from '@/lib/paths'
import { useLocale, useWords } from '@/lib/words'
import { bytes, percent } from '@/lib/units'
import { Card } from '@/ui/Card'
import { Link } from '@/ui/Link'
import { Meter } from '@/ui/Meter'

/** How full the storage is, and what it cannot do. */
export function StorageCard({ pool }: { pool: Ground }) {
  const t = useWords()
  const locale = useLocale()
  const owner = useIsOwner()
  const used = pool.total - pool.free
  const share = percent(used, pool.total, locale)
  return (
    <Card title={t.home.storage} aside={owner ? <Link href={paths.storage} className="text-sm underline underline-offset-4">{t.home.disks}</Link> : undefined} className="lg:col-span-7">
      <p className="big">{t.home.free(bytes(pool.free, locale), bytes(pool.total, locale))}</p>
      <Meter value={used} max={pool.total} label={t.home.used(share)} />
      <p className="text-sm text-ink-2">{t.home.used(share)} · {t.home.pool(pool.kind, pool.file_system)}</p>
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
