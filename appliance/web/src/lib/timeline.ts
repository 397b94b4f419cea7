/** Where the photos of a timeline stand: months with a heading each, and rows of photos below. Pure; no photo itself is needed. */

/** A month as it is shown. */
export interface Month {
  /** `2026-05`. */
  month: string
  photos: number
  /** Photos before it. */
  before: number
  /** Its heading's row; its photos begin in the next. */
  row: number
}

/** A whole timeline in rows of some photos each. */
export interface Layout { months: readonly Month[]; columns: number; rows: number; photos: number }

export function layOut(months: readonly { month: string; photos: number }[], columns: number): Layout {
  let [rows, photos] = [0, 0]
  const laid = months.filter((month) => month.photos > 0).map(({ month, photos: own }): Month => {
    const here = { month, photos: own, before: photos, row: rows }
    rows += 1 + Math.ceil(own / columns)
    photos += own
    return here
  })
  return { months: laid, columns, rows, photos }
}

/** The index of the last month whose `key` is not past `value`. */
function lastUpTo(months: readonly Month[], key: 'row' | 'before', value: number): number {
  let [low, high] = [0, months.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((months[middle]?.[key] ?? 0) <= value) low = middle
    else high = middle - 1
  }
  return low
}

/** The index of the month that a row belongs to. */
export const monthAtRow = ({ months }: Layout, row: number): number => lastUpTo(months, 'row', row)

/** The index of the month of the photo at a place. */
export const monthOf = ({ months }: Layout, at: number): number => lastUpTo(months, 'before', at)

/** The row of the photo at a place. */
export function rowOf(layout: Layout, at: number): number {
  const month = layout.months[monthOf(layout, at)]
  return month ? month.row + 1 + Math.floor((at - month.before) / layout.columns) : 0
}

/** The places of the photos in a row; none in a heading's. */
export function photosIn(layout: Layout, row: number): number[] {
  const month = layout.months[monthAtRow(layout, row)]
  if (!month || row <= month.row) return []
  const first = month.before + (row - month.row - 1) * layout.columns
  return Array.from({ length: Math.max(0, Math.min(layout.columns, month.before + month.photos - first)) }, (_, column) => first + column)
}

/** Photos that are read from the box at once. */
export const PAGE = 100

/** A page of a month, as it is asked for. */
export interface Page { month: string; number: number }

/** In which page the photo at a place is, and where in it. */
export function pageOf(layout: Layout, at: number): Page & { index: number } | undefined {
  const month = layout.months[monthOf(layout, at)]
  if (!month || at < 0 || at >= layout.photos) return undefined
  return { month: month.month, number: Math.floor((at - month.before) / PAGE), index: (at - month.before) % PAGE }
}

/** The place that a key leads to; `undefined` for a key that leads nowhere. Up and down keep the column, also into another month. */
export function keyLeads(layout: Layout, at: number, key: string): number | undefined {
  const index = monthOf(layout, at)
  const month = layout.months[index]
  if (!month) return undefined
  const to = (place: number): number => Math.max(0, Math.min(layout.photos - 1, place))
  const [offset, column] = [at - month.before, (at - month.before) % layout.columns]
  switch (key) {
    case 'ArrowLeft': return to(at - 1)
    case 'ArrowRight': return to(at + 1)
    case 'Home': return 0
    case 'End': return to(layout.photos)
    case 'PageUp': return layout.months[index - 1]?.before ?? 0
    case 'PageDown': return layout.months[index + 1]?.before ?? to(layout.photos)
    case 'ArrowDown': {
      const next = layout.months[index + 1]
      const lastRow = Math.floor((month.photos - 1) / layout.columns)
      if (Math.floor(offset / layout.columns) < lastRow) return month.before + Math.min(offset + layout.columns, month.photos - 1)
      return next ? next.before + Math.min(column, next.photos - 1) : at
    }
    case 'ArrowUp': {
      const last = layout.months[index - 1]
      if (offset >= layout.columns) return at - layout.columns
      return last ? last.before + Math.min(Math.floor((last.photos - 1) / layout.columns) * layout.columns + column, last.photos - 1) : at
    }
    default: return undefined
  }
}

/** The month that a key of the scrubber leads to: one on or back, a year on or back, the first, the last. */
export function scrubLeads({ months }: Layout, index: number, key: string): number | undefined {
  const year = (at: number): string | undefined => months[at]?.month.slice(0, 4)
  const last = months.length - 1
  switch (key) {
    case 'ArrowDown': case 'ArrowRight': return Math.min(last, index + 1)
    case 'ArrowUp': case 'ArrowLeft': return Math.max(0, index - 1)
    case 'Home': return 0
    case 'End': return last
    case 'PageDown': {
      const next = months.findIndex((_, at) => at > index && year(at) !== year(index))
      return next < 0 ? last : next
    }
    case 'PageUp': {
      const before = months.findLastIndex((_, at) => at < index && year(at) !== year(index))
      return before < 0 ? 0 : months.findIndex((_, at) => year(at) === year(before))
    }
    default: return undefined
  }
}

/** A part of the whole height, so that two years' names do not stand on each other. */
const APART = 0.04

/** The years beside the scrubber, each where its first month stands, as parts of the whole; those that would not be readable are left out. */
export function yearMarks({ months, rows }: Layout): { year: string; part: number }[] {
  const marks: { year: string; part: number }[] = []
  for (const { month, row } of months) {
    const [year, part] = [month.slice(0, 4), row / Math.max(1, rows)]
    const last = marks.at(-1)
    if (last === undefined || (last.year !== year && part - last.part >= APART)) marks.push({ year, part })
  }
  return marks
}

/** The first day of a month, by this browser's clock. */
export const firstDay = (month: string): Date => {
  const day = new Date(2000, Number(month.slice(5, 7)) - 1)
  // By itself, since a year below 100 would else be one of the last century.
  day.setFullYear(Number(month.slice(0, 4)))
  return day
}
