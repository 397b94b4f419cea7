import type { Path } from '@/lib/path'
import { timesPath } from '@/lib/paths'
import { byDay, type Time } from '@/lib/times'
import { clock, day } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { useTimesWords } from '@/lib/words/times'
import { Icon } from '@/ui/Icon'
import { Link } from '@/ui/Link'

const LINK = 'tabular inline-flex min-h-9 min-w-14 items-center justify-center rounded-full px-3 text-sm text-ink-2 hover:bg-sunk hover:text-ink aria-[current]:bg-accent-soft aria-[current]:font-semibold aria-[current]:text-ink'
const STEP = 'inline-flex min-h-9 items-center gap-1 rounded-[10px] px-2 text-sm font-semibold text-ink-2 hover:bg-sunk hover:text-ink'

/** Days with their hours, the latest first; each leads to the folder as it was then. */
export function TimeLine({ times, chosen, folder }: { times: readonly Time[]; chosen: Time; folder: Path }) {
  const t = useWords()
  const w = useTimesWords()
  const locale = useLocale()
  const days = byDay(times)
  const all = days.flatMap((one) => one.times)
  const at = all.findIndex(({ name }) => name === chosen.name)
  const [before, after] = [all[at + 1], all[at - 1]]
  return (
    <nav aria-label={w.line} className="flex flex-col gap-3 md:sticky md:top-4 md:max-h-[calc(100dvh-6rem)] md:self-start">
      <div className="flex min-h-9 gap-1">
        {before && <Link href={timesPath(before.name, folder)} className={STEP}><Icon name="left" size={16} />{w.before}</Link>}
        {after && <Link href={timesPath(after.name, folder)} className={STEP}>{w.after}<Icon name="right" size={16} /></Link>}
      </div>
      <ol className="flex max-h-48 flex-col gap-3 overflow-y-auto border-l border-line pl-4 md:max-h-none">
        {days.map((one) => (
          <li key={one.day.toDateString()}>
            <h2 className="text-sm font-semibold text-ink-2">{dayName(one.day)}</h2>
            <ul className="-ml-2 flex flex-wrap gap-1">
              {one.times.map((time) => <li key={time.name}><Link href={timesPath(time.name, folder)} aria-current={time.name === chosen.name ? 'true' : undefined} className={LINK}>{clock(time.at, locale)}</Link></li>)}
            </ul>
          </li>
        ))}
      </ol>
    </nav>
  )

  function dayName(date: Date): string {
    const today = new Date()
    if (date.toDateString() === today.toDateString()) return t.activity.today
    today.setDate(today.getDate() - 1)
    return date.toDateString() === today.toDateString() ? t.activity.yesterday : day(date, locale)
  }
}
