import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useId, useLayoutEffect, useRef, useState, type KeyboardEvent, type MouseEvent } from 'react'
import type { Entry } from '@/lib/propfind'
import { choose, type Selection } from '@/lib/selection'
import { useWords } from '@/lib/words'
import { EntryRow } from '@/pages/files/EntryRow'
import { EntryTile } from '@/pages/files/EntryTile'
import { keyStep } from '@/pages/files/keyStep'

/** Heights and widths in pixels, as the rows and tiles are drawn. */
const ROW_HEIGHT = 52
const TILE_HEIGHT = 184
const TILE_WIDTH = 168

interface EntryListProps {
  person: string
  entries: readonly Entry[]
  grid: boolean
  selection: Selection
  onSelection: (selection: Selection) => void
  onOpen: (entry: Entry) => void
  onDelete: () => void
}

/** Files and folders as a list or a grid; only what is on the screen is in the page, however many there are. */
export function EntryList({ person, entries, grid, selection, onSelection, onOpen, onDelete }: EntryListProps) {
  const t = useWords()
  const id = useId()
  const box = useRef<HTMLDivElement>(null)
  const [{ width, top }, setPlace] = useState({ width: 0, top: 0 })
  const columns = grid ? Math.max(2, Math.floor(width / TILE_WIDTH)) : 1
  const rows = useWindowVirtualizer({ count: Math.ceil(entries.length / columns), estimateSize: () => grid ? TILE_HEIGHT : ROW_HEIGHT, overscan: 6, scrollMargin: top })
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return
    const measure = (): void => { setPlace({ width: element.clientWidth, top: element.getBoundingClientRect().top + scrollY }) }
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => { observer.disconnect() }
  }, [])
  useLayoutEffect(() => { rows.measure() }, [grid, columns, rows])

  const onKeyDown = (event: KeyboardEvent): void => {
    const entry = entries[selection.cursor]
    if (event.key === 'Enter' && entry) onOpen(entry)
    else if (event.key === 'Delete') onDelete()
    else {
      const next = keyStep(event, selection, entries, columns)
      if (!next) return
      onSelection(next)
      rows.scrollToIndex(Math.floor(next.cursor / columns))
    }
    event.preventDefault()
  }
  const onClick = (event: MouseEvent, at: number): void => {
    const entry = entries[at]
    const target = event.target
    if (!entry || !(target instanceof Element)) return
    const touch = event.nativeEvent instanceof PointerEvent && event.nativeEvent.pointerType === 'touch'
    const opens = entry.kind === 'folder' && (touch || target.closest('[data-open]') !== null)
    if (target.closest('[data-check]') || event.ctrlKey || event.metaKey || (touch && !opens)) onSelection(choose(selection, at, 'toggle'))
    else if (event.shiftKey) onSelection(choose(selection, at, 'range'))
    else if (opens) onOpen(entry)
    else onSelection(choose(selection, at, 'alone'))
  }
  return (
    <>
      <p id={`${id}-keys`} className="sr-only">{t.files.keys}</p>
      <div
        ref={box} role="listbox" aria-multiselectable="true" aria-label={t.files.things} aria-describedby={`${id}-keys`} aria-activedescendant={`${id}-${String(selection.cursor)}`} tabIndex={0}
        onKeyDown={onKeyDown} className={`group/list relative rounded-2 select-none ${grid ? '-mx-2.5' : '-mx-3'}`} style={{ height: rows.getTotalSize() }}
      >
        {rows.getVirtualItems().flatMap((row) => Array.from({ length: columns }, (_, column) => {
          const at = row.index * columns + column
          const entry = entries[at]
          if (!entry) return null
          return (
            // The keyboard works through the list box, as its pattern has it.
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
            <div
              key={entry.name} id={`${id}-${String(at)}`} role="option" aria-selected={selection.chosen.has(at)} aria-setsize={entries.length} aria-posinset={at + 1} data-cursor={at === selection.cursor || undefined}
              onClick={(event) => { onClick(event, at) }} onDoubleClick={() => { onOpen(entry) }}
              className="group/entry absolute rounded-2 aria-selected:bg-accent-soft data-cursor:group-focus-visible/list:outline-2 data-cursor:group-focus-visible/list:-outline-offset-2 data-cursor:group-focus-visible/list:outline-accent"
              style={{ top: row.start - top, height: row.size, width: `${String(100 / columns)}%`, left: `${String(column * 100 / columns)}%` }}
            >
              {grid ? <EntryTile person={person} entry={entry} /> : <EntryRow entry={entry} />}
            </div>
          )
        }))}
      </div>
    </>
  )
}
