import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { activityQuery } from '@/api/activity'
import type { AuditEntry } from '@/api/types'
import { Loaded } from '@/components/Loaded'
import { OwnersOnly } from '@/components/OwnersOnly'
import { useIsOwner } from '@/components/person'
import { type Words, useLocale, useWords } from '@/lib/words'
import { day } from '@/lib/units'
import { ActivityLine } from '@/pages/activity/ActivityLine'
import { UndoDialog } from '@/pages/activity/UndoDialog'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Nothing } from '@/ui/Nothing'
import { PageHead } from '@/ui/PageHead'

/** Who did what, by day, with undo. */
export function ActivityPage() {
  const t = useWords()
  const locale = useLocale()
  const owner = useIsOwner()
  const activity = useInfiniteQuery({ ...activityQuery, enabled: owner })
  const [undoing, setUndoing] = useState<AuditEntry>()
  return (
    <>
      <PageHead title={t.activity.title} lead={t.activity.lead} />
      {owner ? <Loaded query={activity} lines={8} isEmpty={({ pages }) => pages[0]?.items.length === 0} empty={<Nothing icon="activity" title={t.activity.empty} help={t.activity.emptyHelp} />}>
        {({ pages }) => (
          <div className="flex max-w-4xl flex-col gap-4">
            {byDay(pages.flatMap(({ items }) => items)).map(([date, entries]) => (
              <Card key={date.toDateString()} title={dayName(t, date, locale)}>
                <ol className="-my-2 divide-y divide-line">
                  {entries.map((entry) => <ActivityLine key={entry.number} entry={entry} onUndo={setUndoing} />)}
                </ol>
              </Card>
            ))}
            {activity.hasNextPage && <Button className="self-center" busy={activity.isFetchingNextPage} onClick={() => void activity.fetchNextPage()}>{t.common.more}</Button>}
          </div>
        )}
      </Loaded> : <OwnersOnly />}
      {undoing?.generation != null && <UndoDialog generation={undoing.generation} sentence={undoing.sentence} onClose={() => { setUndoing(undefined) }} />}
    </>
  )
}

function byDay(entries: readonly AuditEntry[]): [Date, AuditEntry[]][] {
  const days: [Date, AuditEntry[]][] = []
  for (const entry of entries) {
    const at = new Date(entry.at)
    const last = days.at(-1)
    if (last?.[0].toDateString() === at.toDateString()) last[1].push(entry)
    else days.push([at, [entry]])
  }
  return days
}

function dayName(t: Words, date: Date, locale: string): string {
  const now = new Date()
  if (date.toDateString() === now.toDateString()) return t.activity.today
  now.setDate(now.getDate() - 1)
  return date.toDateString() === now.toDateString() ? t.activity.yesterday : day(date, locale)
}
