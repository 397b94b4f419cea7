import { useQuery } from '@tanstack/react-query'
import { statusQuery } from '@/api/status'
import { usePlaces } from '@/components/navigation'
import { You } from '@/components/You'
import { paths } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { Icon } from '@/ui/Icon'
import { Link } from '@/ui/Link'
import { Mark } from '@/ui/Mark'

/** The way through the app: a rail on the left, and a bar at the bottom of a phone. */
export function Rail({ page, onFind }: { page: string; onFind: () => void }) {
  const t = useWords()
  const { data: status } = useQuery(statusQuery)
  const places = usePlaces()
  return (
    <header className="no-print fixed inset-x-0 bottom-0 z-20 border-t border-line bg-paper pb-[env(safe-area-inset-bottom)] md:inset-y-0 md:right-auto md:flex md:w-54 md:flex-col md:border-t-0 md:border-r md:px-4 md:py-6">
      <Link href={paths.home} className="hidden items-center gap-2.5 px-3 pb-6 font-serif text-xl font-[520] md:flex">
        <Mark />
        <span className="truncate">{status?.box_name ?? 'Croft'}</span>
      </Link>
      <button type="button" onClick={onFind} aria-keyshortcuts="Control+K" className="mb-3 hidden items-center justify-between gap-2 rounded-full border border-line bg-surface px-3.5 py-1.5 text-sm text-ink-3 hover:bg-sunk md:flex">
        <span>{t.nav.find}</span>
        <kbd className="rounded-[5px] border border-line px-1.5 font-sans text-xs whitespace-nowrap">Ctrl K</kbd>
      </button>
      <nav aria-label={t.nav.label} className="md:flex md:flex-1 md:flex-col">
        <ul className="flex justify-around md:flex-1 md:flex-col md:justify-start md:gap-0.5">
          {places.map(({ page: name, href, icon, apart, wide }, at) => (
            <li key={name} className={`flex-1 md:flex-none ${apart && places[at - 1]?.apart === false ? 'md:mt-auto' : ''} ${wide ? 'hidden md:block' : ''}`}>
              <Link href={href} aria-current={name === page ? 'page' : undefined}
                className="flex min-h-14 flex-col items-center justify-center gap-0.5 rounded-1 px-1 py-1.5 text-[12px] text-ink-2 hover:text-ink aria-[current=page]:font-semibold aria-[current=page]:text-ink md:min-h-0 md:flex-row md:justify-start md:gap-3 md:px-3 md:py-2 md:text-[15px] md:aria-[current=page]:bg-accent-soft">
                <Icon name={icon} size={19} />
                <span>{t.nav[name]}</span>
                {name === 'repairs' && status !== undefined && status.warnings > 0 && (
                  <span className="absolute mt-[-1.6rem] ml-7 rounded-full bg-warn-soft px-2 text-xs font-semibold text-warn md:static md:m-0 md:ml-auto">{status.warnings}</span>
                )}
              </Link>
            </li>
          ))}
        </ul>
        <div className="mt-3 hidden border-t border-line pt-3 md:block"><You /></div>
      </nav>
    </header>
  )
}
