/** Seconds of the past that the rate is taken over: long enough to be calm, short enough to be true. */
const WINDOW_SECONDS = 6

/** Measures a rate from a growing count. Time is an argument, in seconds. */
export class RateMeter {
  #samples: { at: number; count: number }[] = []

  /** Notes that `count` bytes in all had gone by at `at`. */
  note(at: number, count: number): void {
    this.#samples.push({ at, count })
    while (this.#samples.length > 2 && at - (this.#samples[0]?.at ?? at) > WINDOW_SECONDS) this.#samples.shift()
  }

  /** Bytes a second over the window; `undefined` until there is something to compare. */
  rate(): number | undefined {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (!first || !last || last.at - first.at < 0.5) return undefined
    return Math.max(0, last.count - first.count) / (last.at - first.at)
  }

  /** Forgets everything, for the next batch. */
  reset(): void {
    this.#samples = []
  }
}

/** Seconds that `left` bytes will take, when that can be said. */
export function secondsLeft(left: number, bytesPerSecond: number | undefined): number | undefined {
  return bytesPerSecond === undefined || bytesPerSecond < 1 ? undefined : left / bytesPerSecond
}
