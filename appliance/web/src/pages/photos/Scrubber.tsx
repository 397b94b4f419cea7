import { useState, type KeyboardEvent, type PointerEvent } from 'react'
import { firstDay, monthAtRow, scrubLeads, yearMarks, type Layout } from '@/lib/timeline'
import { month } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'

interface ScrubberProps {
  layout: Layout
  /** The first row on the screen. */
  row: number
  /** Shows a part of the whole, from 0 to 1. */
  onPart: (part: number) => void
  /** Shows a row at the top. */
  onRow: (row: number) => void
}

/** The way through the months beside the timeline: drawn along, or by keys. It names the month where one is. */
export function Scrubber({ layout, row, onPart, onRow }: ScrubberProps) {
  const t = useWords()
  const locale = useLocale()
  const [held, setHeld] = useState(false)
  const index = monthAtRow(layout, row)
  const here = layout.months[index]
  if (!here || layout.months.length < 2) return null
  const name = month(firstDay(here.month), locale)
  const drag = (event: PointerEvent<HTMLDivElement>): void => {
    const { top, height } = event.currentTarget.getBoundingClientRect()
    onPart(Math.max(0, Math.min(1, (event.clientY - top) / height)))
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = scrubLeads(layout, index, event.key)
    if (to === undefined) return
    event.preventDefault()
    onRow(layout.months[to]?.row ?? 0)
  }
  return (
    <div
      role="slider" tabIndex={0} aria-label={t.photos.scrubber} aria-orientation="vertical" aria-valuemin={1} aria-valuemax={layout.months.length} aria-valuenow={index + 1} aria-valuetext={t.photos.month(name, here.photos)}
      onKeyDown={onKeyDown} onPointerMove={(event) => { if (held) drag(event) }} onPointerUp={() => { setHeld(false) }} onPointerCancel={() => { setHeld(false) }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        setHeld(true)
        drag(event)
      }}
      className="group/scrub no-print sticky top-6 h-[calc(100dvh-11rem)] cursor-pointer touch-none select-none md:h-[calc(100dvh-8rem)]"
    >
      {yearMarks(layout).map(({ year, part }) => <span key={year} aria-hidden="true" className="absolute right-1 text-[11px] leading-4 text-ink-2" style={{ top: `${String(part * 100)}%` }}>{year}</span>)}
      <span aria-hidden="true" className="absolute right-0 h-0.5 w-9 rounded-full bg-accent" style={{ top: `${String(row / Math.max(1, layout.rows) * 100)}%` }}>
        <span className={`absolute right-11 -translate-y-1/2 rounded-full bg-island px-3 py-1 text-sm whitespace-nowrap text-island-ink shadow-lift group-hover/scrub:block group-focus-visible/scrub:block ${held ? 'block' : 'hidden'}`}>{name}</span>
      </span>
    </div>
  )
}
