import type { Warning } from '@/api/types'
import { useIsOwner } from '@/components/person'
import { tones } from '@/components/severity'
import { paths, settingsPath } from '@/lib/paths'
import { useLocale, useWords } from '@/lib/words'
import { moment } from '@/lib/units'
import { Card } from '@/ui/Card'
import { Link } from '@/ui/Link'
import { Pill } from '@/ui/Pill'
import { buttonClass } from '@/ui/buttonClass'

/** Where disks are mended. */
const isOfDisks = (code: string): boolean => code.startsWith('pool-') || code.startsWith('disk-')

/** Where whoever is told is set up. */
const isOfNotify = (code: string): boolean => code.startsWith('notify-')

/** One warning, whole. */
export function WarningCard({ warning, cause }: { warning: Warning; cause: string | undefined }) {
  const t = useWords()
  const locale = useLocale()
  const owner = useIsOwner()
  return (
    <Card title={<span className="big text-ink">{warning.title}</span>} aside={<Pill tone={tones[warning.severity]}>{t.repairs.severity[warning.severity]}</Pill>}>
      {cause !== undefined && <p className="text-sm text-ink-2">{t.repairs.because(cause)}</p>}
      <dl className="grid gap-x-8 gap-y-3 sm:grid-cols-2">
        <div><dt className="text-sm font-semibold text-ink-2">{t.repairs.means}</dt><dd>{warning.meaning}</dd></div>
        <div><dt className="text-sm font-semibold text-ink-2">{t.repairs.todo}</dt><dd>{warning.action}</dd></div>
      </dl>
      {owner && isOfDisks(warning.code) && <Link href={paths.storage} className={`self-start ${buttonClass('primary')}`}>{t.repairs.storage}</Link>}
      {owner && isOfNotify(warning.code) && <Link href={settingsPath('notify')} className={`self-start ${buttonClass('primary')}`}>{t.repairs.notify}</Link>}
      {warning.lines !== undefined && warning.lines.length > 0 && (
        <details className="text-sm">
          <summary className="font-semibold text-ink-2">{t.repairs.lines}</summary>
          {/* A region that scrolls must be reachable by keyboard. */}
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <pre tabIndex={0} className="mt-2 overflow-x-auto rounded-1 bg-sunk p-3">{warning.lines.join('\n')}</pre>
        </details>
      )}
      <p className="text-sm text-ink-3">{t.repairs.since(moment(new Date(warning.since), locale))} · {t.common.code(warning.code)}</p>
    </Card>
  )
}
