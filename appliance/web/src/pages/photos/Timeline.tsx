import { defaultRangeExtractor, useWindowVirtualizer, type VirtualItem } from '@tanstack/react-virtual'
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import type { Entry } from '@/lib/propfind'
import { firstDay, keyLeads, layOut, monthAtRow, photosIn, rowOf, type Layout, type Month } from '@/lib/timeline'
import { month } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { Viewer } from '@/pages/files/Viewer'
import { PhotoTile } from '@/pages/photos/PhotoTile'
import { Scrubber } from '@/pages/photos/Scrubber'
import { usePhotos } from '@/pages/photos/usePhotos'

/** Pixels of a month's heading, and of the least width of a photo. */
const HEADING = 64
const LEAST = 150
/** Photos beside each other on the smallest screen. */
const FEW = 3
/** Rows that are drawn above and below the screen. */
const OVERSCAN = 3
/** How far around its place a photo is looked for when others have come or gone meanwhile. */
const SHIFT = 200

interface TimelineProps { person: string; months: readonly { month: string; photos: number }[] }

/** Months below each other. Only what is on the screen is in the page and was read, however many photos there are. */
export function Timeline({ person, months }: TimelineProps) {
  const t = useWords()
  const locale = useLocale()
  const id = useId()
  const box = useRef<HTMLDivElement>(null)
  const [{ width, top }, setPlace] = useState({ width: 0, top: 0 })
  const [cursor, setCursor] = useState(0)
  const [focused, setFocused] = useState(false)
  const [viewing, setViewing] = useState<{ at: number; entry: Entry | null | undefined }>()
  const moved = useRef(false)
  const columns = Math.max(FEW, Math.floor(width / LEAST))
  const layout = useMemo(() => layOut(months, columns), [months, columns])
  const held = rowOf(layout, cursor)
  const rows = useWindowVirtualizer({
    count: layout.rows,
    // Whole pixels, so that a row that is scrolled to is the first one.
    estimateSize: (row) => photosIn(layout, row).length === 0 ? HEADING : Math.floor(width / columns),
    overscan: OVERSCAN,
    scrollMargin: top,
    // The photo that has the focus stays in the page, wherever one scrolls.
    rangeExtractor: (range) => [...new Set([...defaultRangeExtractor(range), ...focused && held < layout.rows ? [held] : []])].toSorted((a, b) => a - b),
  })
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return
    const measure = (): void => { setPlace({ width: element.clientWidth, top: Math.round(element.getBoundingClientRect().top + scrollY) }) }
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => { observer.disconnect() }
  }, [])
  useLayoutEffect(() => { rows.measure() }, [layout, width, rows])

  const { startIndex: first, endIndex: end } = rows.range ?? { startIndex: 0, endIndex: -1 }
  // Without the one that only has the focus.
  const shown = rows.getVirtualItems().flatMap(({ index }) => index >= first - OVERSCAN && index <= end + OVERSCAN ? photosIn(layout, index) : [])
  const seen = photosIn(layout, first).length > 0 ? first : first + 1
  const reached = focused ? cursor : photosIn(layout, seen)[0] ?? 0
  const around = viewing ? [viewing.at - 1, viewing.at + 1] as const : [shown[0] ?? 0, shown.at(-1) ?? -1] as const
  const photo = usePhotos(layout, shown[0] ?? 0, shown.at(-1) ?? -1)
  const viewed = usePhotos(layout, ...around)
  // What was found once stays, though others come and go around it.
  if (viewing && viewing.entry === undefined && viewed(viewing.at) !== undefined) setViewing({ ...viewing, entry: viewed(viewing.at) })

  const tile = (at: number): HTMLElement | null => box.current?.querySelector<HTMLElement>(`[data-at="${String(at)}"]`) ?? null
  useEffect(() => {
    if (moved.current) box.current?.querySelector<HTMLElement>(`[data-at="${String(cursor)}"]`)?.focus({ preventScroll: true })
    moved.current = false
  }, [cursor])

  const onKeyDown = (event: KeyboardEvent): void => {
    const next = event.altKey || event.ctrlKey || event.metaKey ? undefined : keyLeads(layout, cursor, event.key)
    if (next === undefined) return
    event.preventDefault()
    moved.current = next !== cursor
    setCursor(next)
    rows.scrollToIndex(rowOf(layout, next))
  }
  const view = (to: number): void => {
    // From where the shown one is now: new photos may have come before it.
    const now = viewing ? placeNow(viewing, photo) : to
    const at = Math.max(0, Math.min(layout.photos - 1, viewing ? now + to - viewing.at : to))
    setViewing({ at, entry: photo(at) })
    setCursor(at)
    rows.scrollToIndex(rowOf(layout, at))
  }
  return (
    <div className="relative pr-10">
      <p id={`${id}-keys`} className="sr-only">{t.photos.keys}</p>
      {/* The keys are those of the photos in it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div ref={box} role="group" aria-label={t.photos.list} aria-describedby={`${id}-keys`} className="relative" style={{ height: rows.getTotalSize() }}
        onKeyDown={onKeyDown} onBlur={(event) => { if (!event.currentTarget.contains(event.relatedTarget)) setFocused(false) }}
        onFocus={({ target }) => {
          const at = Number(target.dataset['at'])
          if (!Number.isNaN(at)) setCursor(at)
          setFocused(true)
        }}
      >
        {byMonth(rows.getVirtualItems(), layout).map(({ here, items }) => {
          const name = month(firstDay(here.month), locale)
          const heading = items.find(({ index }) => index === here.row)
          return (
            <section key={here.month} aria-label={name}>
              {heading && <h2 className="absolute flex items-end pb-3 text-lg font-[550]" style={{ top: heading.start - top, height: heading.size }}>{name}</h2>}
              <ul>
                {items.flatMap((item) => photosIn(layout, item.index).map((place, column) => {
                  const entry = photo(place)
                  return (
                    <li key={place} aria-setsize={here.photos} aria-posinset={place - here.before + 1} className="absolute p-[3px]" style={{ top: item.start - top, height: item.size, width: `${String(100 / columns)}%`, left: `${String(column * 100 / columns)}%` }}>
                      <PhotoTile person={person} entry={entry} at={place} coming={t.photos.coming(place + 1, layout.photos)} reached={place === reached} onOpen={() => { if (entry !== undefined) setViewing({ at: place, entry }) }} />
                    </li>
                  )
                }))}
              </ul>
            </section>
          )
        })}
      </div>
      <div className="absolute inset-y-0 right-0 w-9">
        <Scrubber layout={layout} row={first} onPart={(part) => { rows.scrollToOffset(top + part * rows.getTotalSize()) }} onRow={(row) => { rows.scrollToIndex(row, { align: 'start' }) }} />
      </div>
      {viewing && <Viewer person={person} entry={viewing.entry} at={viewing.at} count={layout.photos} onMove={view} onClose={() => { setViewing(undefined) }} returnTo={() => tile(cursor)} />}
    </div>
  )
}

/** Rows that are drawn, by the month that they belong to. */
function byMonth(rows: readonly VirtualItem[], layout: Layout): { here: Month; items: VirtualItem[] }[] {
  const groups: { here: Month; items: VirtualItem[] }[] = []
  for (const row of rows) {
    const here = layout.months[monthAtRow(layout, row.index)]
    const last = groups.at(-1)
    if (here && last?.here === here) last.items.push(row)
    else if (here) groups.push({ here, items: [row] })
  }
  return groups
}

/** Where the photo that is shown is now. */
function placeNow({ at, entry }: { at: number; entry: Entry | null | undefined }, photo: (at: number) => Entry | null | undefined): number {
  for (let shift = 0; entry && shift <= SHIFT; shift += 1) {
    if (photo(at + shift)?.id === entry.id) return at + shift
    if (photo(at - shift)?.id === entry.id) return at - shift
  }
  return at
}
