import { useInfiniteQuery } from '@tanstack/react-query'
import { activityQuery } from '@/api/activity'
import { Loaded } from '@/components/Loaded'
import { Who } from '@/components/Who'
import { paths } from '@/lib/paths'
import { useLocale, useWords } from '@/lib/words'
import { ago } from '@/lib/units'
import { Card } from '@/ui/Card'
import { Link } from '@/ui/Link'

/** Lines that are shown of what happened. */
const LINES = 5

/** What happened lately. */
export function LatelyCard() {
  const t = useWords()
  const locale = useLocale()
  const activity = useInfiniteQuery(activityQuery)
  return (
    <Card title={t.home.lately} className="lg:col-span-7" aside={<Link href={paths.activity} className="text-sm underline underline-offset-4">{t.home.allActivity}</Link>}>
      <Loaded query={activity} isEmpty={({ pages }) => pages[0]?.items.length === 0} empty={<p className="text-ink-2">{t.home.latelyEmpty}</p>}>
        {({ pages }) => (
          <ul className="flex flex-col gap-2.5 text-sm text-ink-2">
            {pages[0]?.items.slice(0, LINES).map((entry) => (
              <li key={entry.number} className="flex justify-between gap-4">
                <span className="min-w-0 break-words"><Who who={entry.who} /> · {entry.sentence}</span>
                <time dateTime={entry.at} className="whitespace-nowrap text-ink-3">{ago(new Date(entry.at), locale)}</time>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Card>
  )
}
