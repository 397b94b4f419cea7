import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { keys } from '@/api/keys'
import { timelineQuery } from '@/api/photos'
import { Loaded } from '@/components/Loaded'
import { usePerson } from '@/components/person'
import { useWords } from '@/lib/words'
import { Timeline } from '@/pages/photos/Timeline'
import { Nothing } from '@/ui/Nothing'
import { PageHead } from '@/ui/PageHead'

/** Pictures and films of all one's spaces by month, the latest first. */
export function PhotosPage() {
  const t = useWords()
  const { name: person } = usePerson()
  const query = useQuery(timelineQuery)
  const client = useQueryClient()
  const known = useRef(query.data)
  useEffect(() => {
    // Photos may have other places when a month has more or fewer of them, or all their dates are known; until then each date that comes says little.
    const [before, now] = [known.current, query.data]
    known.current = now
    if (before === undefined || now === undefined) return
    if (before.months !== now.months || (before.unread > 0 && now.unread === 0)) void client.invalidateQueries({ queryKey: keys.photoPages })
  }, [client, query.data])
  return (
    <>
      <PageHead title={t.photos.title} lead={t.photos.lead} />
      <Loaded query={query} lines={8} isEmpty={({ months, missing }) => months.length === 0 && missing.length === 0} empty={<Nothing icon="image" title={t.photos.empty} help={t.photos.emptyHelp} />}>
        {({ months, missing, unread }) => (
          <>
            {unread > 0 && <p role="status" className="mb-4 text-sm text-ink-2">{t.photos.unread(unread)}</p>}
            {missing.length > 0 && <p role="status" className="mb-4 rounded-2 bg-warn-soft px-4 py-3 text-warn">{t.photos.missing(missing.join(', '))}</p>}
            <Timeline person={person} months={months} />
          </>
        )}
      </Loaded>
    </>
  )
}
