import type { StoreApp } from '@/api/types'
import { storePath } from '@/lib/paths'
import { useAppsWords } from '@/lib/words/apps'
import { asks } from '@/pages/apps/sentences'
import { Emblem } from '@/ui/Emblem'
import { Link } from '@/ui/Link'
import { Pill } from '@/ui/Pill'

/** Lines of what an app asks for that are shown in the list; its own page shows all. */
const LINES = 3

/** An app of the store in the list, with what it asks for. */
export function OfferLine({ offer }: { offer: StoreApp }) {
  const a = useAppsWords()
  const { refused, lines } = asks(a, offer)
  return (
    <li className="flex items-start gap-4 py-3.5">
      <Emblem id={offer.id} name={offer.name} />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <Link href={storePath(offer.catalog, offer.id)} className="font-semibold break-words underline-offset-4 hover:underline">{offer.name}</Link>
          {offer.installed != null ? <Pill>{a.isInstalled}</Pill> : refused && <Pill tone="plain">{a.notHere}</Pill>}
        </p>
        <p className="break-words">{offer.tagline}</p>
        <p className="text-sm break-words text-ink-2">{[offer.category, offer.version, offer.catalog].filter((part) => part !== '').join(' · ')}</p>
        <ul className="mt-1 text-sm text-ink-2">
          {lines.slice(0, LINES).map((line, at) => <li key={at} className="break-words">{line}</li>)}
          {lines.length > LINES && <li>{a.moreLines(lines.length - LINES)}</li>}
        </ul>
      </div>
    </li>
  )
}
