import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { mediaQuery } from '@/api/search'
import { Loaded } from '@/components/Loaded'
import { usePerson } from '@/components/person'
import { byMonth } from '@/lib/months'
import { pathKey } from '@/lib/path'
import { month } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { Viewer } from '@/pages/files/Viewer'
import { PhotoTile } from '@/pages/photos/PhotoTile'
import { Button } from '@/ui/Button'
import { Nothing } from '@/ui/Nothing'
import { PageHead } from '@/ui/PageHead'

/** Pictures and films of all one's spaces by month, the latest first. */
export function PhotosPage() {
  const t = useWords()
  const locale = useLocale()
  const { name: person } = usePerson()
  const query = useInfiniteQuery(mediaQuery(person))
  const [viewing, setViewing] = useState<string>()
  const months = useMemo(() => byMonth(query.data?.pages.flat() ?? []), [query.data])
  const all = months.flatMap(({ entries }) => entries)
  const at = all.findIndex(({ path }) => pathKey(path) === viewing)
  const view = (index: number): void => { setViewing(all[index] && pathKey(all[index].path)) }
  return (
    <>
      <PageHead title={t.photos.title} lead={t.photos.lead} />
      <Loaded query={query} lines={8} isEmpty={() => all.length === 0} empty={<Nothing icon="image" title={t.photos.empty} help={t.photos.emptyHelp} />}>
        {() => (
          <div className="flex flex-col gap-8">
            {months.map(({ first, entries }) => (
              <section key={first.getTime()} aria-label={month(first, locale)} className="[contain-intrinsic-size:auto_400px] [content-visibility:auto]">
                <h2 className="mb-3 text-lg font-[550]">{month(first, locale)}</h2>
                <ul className="grid grid-cols-[repeat(auto-fill,minmax(120px,1fr))] gap-1.5 sm:grid-cols-[repeat(auto-fill,minmax(160px,1fr))]">
                  {entries.map((entry) => <li key={pathKey(entry.path)}><PhotoTile person={person} entry={entry} onOpen={() => { setViewing(pathKey(entry.path)) }} /></li>)}
                </ul>
              </section>
            ))}
            {query.hasNextPage && <Button className="self-center" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{t.photos.more}</Button>}
          </div>
        )}
      </Loaded>
      {at >= 0 && <Viewer person={person} entries={all} at={at} onMove={view} onClose={() => { setViewing(undefined) }} />}
    </>
  )
}
