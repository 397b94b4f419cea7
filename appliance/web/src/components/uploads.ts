import { senderFor } from '@/api/upload'
import { Store } from '@/lib/store'
import { UploadQueue, type UploadSummary } from '@/lib/upload/queue'

/** How often the screen follows an upload, in milliseconds. */
const DRAW_MS = 150

/** The uploads of this window; they go on while the person looks at other pages. */
export interface Uploads { queue: UploadQueue; summary: Store<UploadSummary> }

const all = new Map<string, Uploads>()

/** The uploads of a person; one queue a person and window. */
export function uploadsOf(person: string): Uploads {
  const known = all.get(person)
  if (known) return known
  let drawing = false
  const draw = (): void => {
    drawing = false
    summary.set(queue.summary())
  }
  const changed = (): void => {
    if (drawing) return
    drawing = true
    setTimeout(draw, DRAW_MS)
  }
  const queue = new UploadQueue(senderFor(person), changed, () => performance.now() / 1000)
  const summary = new Store(queue.summary())
  const made = { queue, summary }
  all.set(person, made)
  // A page that is left while files are on the way would lose them, so the browser asks.
  addEventListener('beforeunload', (event) => { if (queue.summary().open > 0) event.preventDefault() })
  return made
}
