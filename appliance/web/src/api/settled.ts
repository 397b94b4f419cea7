import { Store } from '@/lib/store'

/** The newest generation of the settings that the event stream has told of. */
export const generation = new Store(0)

/** True while the event stream is open. */
export const streaming = new Store(false)

/** How long a change waits for its event, in milliseconds; then the answer alone must do. */
const PATIENCE_MS = 3000

/** Makes a change of the settings and resolves when its event is back, so that everything on the screen is the new state. */
export async function settled<T>(change: () => Promise<T>): Promise<T> {
  const before = generation.get()
  const answer = await change()
  if (streaming.get()) await newer(before)
  return answer
}

function newer(before: number): Promise<void> {
  if (generation.get() > before) return Promise.resolve()
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer)
      stop()
      resolve()
    }
    const timer = setTimeout(finish, PATIENCE_MS)
    const stop = generation.subscribe(() => { if (generation.get() > before) finish() })
  })
}
