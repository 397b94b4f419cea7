/** Which of a list of things are selected, where the cursor is, and where a range began. Indexes into the list as shown. */
export interface Selection {
  chosen: ReadonlySet<number>
  cursor: number
  anchor: number
}

export const nothingChosen: Selection = { chosen: new Set(), cursor: 0, anchor: 0 }

/** How a click or a key changes the selection: alone, one more or less, or all from the anchor on. */
export type Extend = 'alone' | 'toggle' | 'range'

/** The selection after a thing was clicked. */
export function choose(selection: Selection, at: number, extend: Extend): Selection {
  if (extend === 'alone') return { chosen: new Set([at]), cursor: at, anchor: at }
  if (extend === 'toggle') {
    const chosen = new Set(selection.chosen)
    if (!chosen.delete(at)) chosen.add(at)
    return { chosen, cursor: at, anchor: at }
  }
  const [from, to] = selection.anchor < at ? [selection.anchor, at] : [at, selection.anchor]
  return { chosen: new Set(Array.from({ length: to - from + 1 }, (_, step) => from + step)), cursor: at, anchor: selection.anchor }
}

/** The selection after the cursor moved: with Shift the range follows, else it goes alone and what was chosen stays. */
export function moveCursor(selection: Selection, to: number, count: number, extend: boolean): Selection {
  const at = Math.max(0, Math.min(count - 1, to))
  return extend ? choose(selection, at, 'range') : { ...selection, cursor: at, anchor: at }
}

/** Everything. */
export const chooseAll = (selection: Selection, count: number): Selection =>
  ({ ...selection, chosen: new Set(Array.from({ length: count }, (_, at) => at)) })
