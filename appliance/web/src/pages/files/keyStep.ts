import type { Entry } from '@/lib/propfind'
import { choose, chooseAll, moveCursor, nothingChosen, type Selection } from '@/lib/selection'

/** Lines that PageUp and PageDown jump. */
const PAGE = 10

interface Key { key: string; shiftKey: boolean; ctrlKey: boolean; metaKey: boolean; altKey: boolean }

/** The selection after a key; `undefined` when the key means nothing here. */
export function keyStep(event: Key, selection: Selection, entries: readonly Entry[], columns: number): Selection | undefined {
  const { key } = event
  const command = event.ctrlKey || event.metaKey
  if (event.altKey) return undefined
  if (command && key.toLowerCase() === 'a') return chooseAll(selection, entries.length)
  if (key === 'Escape') return { ...nothingChosen, cursor: selection.cursor, anchor: selection.cursor }
  if (key === ' ') return choose(selection, selection.cursor, event.shiftKey ? 'range' : 'toggle')
  const steps: Partial<Record<string, number>> = {
    ArrowDown: columns, ArrowUp: -columns, PageDown: PAGE * columns, PageUp: -PAGE * columns, Home: -entries.length, End: entries.length,
    ...(columns > 1 ? { ArrowRight: 1, ArrowLeft: -1 } : {}),
  }
  const step = steps[key]
  if (step !== undefined) return moveCursor(selection, selection.cursor + step, entries.length, event.shiftKey)
  return command || key.length !== 1 ? undefined : jump(key, selection, entries)
}

/** To the next thing whose name begins with the typed letter. */
function jump(letter: string, selection: Selection, entries: readonly Entry[]): Selection | undefined {
  const begins = ({ name }: Entry): boolean => name.toLowerCase().startsWith(letter.toLowerCase())
  const after = entries.findIndex((entry, at) => at > selection.cursor && begins(entry))
  const at = after >= 0 ? after : entries.findIndex(begins)
  return at < 0 ? undefined : moveCursor(selection, at, entries.length, false)
}
