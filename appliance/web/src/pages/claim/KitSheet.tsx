import type { Owner } from '@/api/claim'
import type { RecoveryKit } from '@/api/types'
import { qrPath } from '@/lib/qr'
import { moment } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'

/** White around the code, in modules, that readers need (ISO/IEC 18004 asks for four). */
const QUIET = 4

/** The page that is printed. */
export function KitSheet({ kit, owner }: { kit: RecoveryKit; owner: Owner }) {
  const t = useWords()
  const locale = useLocale()
  const side = kit.qr.length + 2 * QUIET
  return (
    <section className="print-plain rounded-2 border border-line bg-surface p-5 shadow-card sm:p-7">
      <h2 className="big">{t.claim.sheetTitle(owner.box_name)}</h2>
      <p className="mt-1 text-sm text-ink-2">{t.claim.sheetMade(owner.display_name, owner.name, moment(new Date(), locale))}</p>
      <div className="mt-5 flex flex-wrap items-start gap-7">
        <ol aria-label={t.claim.words} className="grid flex-1 basis-72 grid-cols-2 gap-x-6 gap-y-1.5 sm:grid-cols-3">
          {kit.words.map((word, at) => (
            <li key={at} className="flex items-baseline gap-2.5 border-b border-line pb-1">
              <span aria-hidden="true" className="tabular w-5 text-right text-xs text-ink-3">{at + 1}</span>
              <span className="font-medium" data-word={at + 1}>{word}</span>
            </li>
          ))}
        </ol>
        <svg role="img" aria-label={t.claim.qr} viewBox={`${String(-QUIET)} ${String(-QUIET)} ${String(side)} ${String(side)}`} shapeRendering="crispEdges" className="w-44 rounded-1 bg-code">
          <path className="fill-code-ink" d={qrPath(kit.qr)} />
        </svg>
      </div>
      <p className="mt-5 text-sm text-ink-2">{t.claim.sheetUse(location.origin)}</p>
    </section>
  )
}
