import type { Path } from '@/lib/path'
import { RateMeter, secondsLeft } from '@/lib/upload/rate'

/** Files sent at the same time: enough to hide the latency of small ones, few enough to leave the disk in peace. */
export const AT_ONCE = 3

export type UploadState = 'waiting' | 'sending' | 'done' | 'failed' | 'cancelled'

/** What the person asked to send and how far it is. */
export interface Upload {
  readonly id: number
  readonly file: Blob
  readonly name: string
  /** The folder that was open. */
  readonly root: Path
  /** Folders below `root` that come with the file; made when missing. */
  readonly below: Path
  /** Whether a file of the same name may be replaced. */
  replace: boolean
  state: UploadState
  sent: number
  /** Why it failed. */
  error: unknown
}

/** Sends one file; resolves when the box has it on disk. */
export type Send = (upload: Upload, progress: (sent: number) => void, signal: AbortSignal) => Promise<void>

/** The batch at a glance. It starts anew when everything had ended and something is added. */
export interface UploadSummary {
  files: number
  done: number
  /** Waiting or on the way. */
  open: number
  bytes: number
  sent: number
  bytesPerSecond: number | undefined
  secondsLeft: number | undefined
  sending: readonly Upload[]
  failed: readonly Upload[]
}

/** Sends files a few at a time. Knows nothing of HTTP: `send` does that; `changed` is called whenever the summary may have changed. */
export class UploadQueue {
  readonly #send: Send
  readonly #changed: () => void
  readonly #seconds: () => number
  readonly #meter = new RateMeter()
  readonly #aborts = new Map<Upload, AbortController>()
  #waiting: Upload[] = []
  #failed: Upload[] = []
  #files = 0
  #done = 0
  #bytes = 0
  #sentBefore = 0
  #nextId = 1

  constructor(send: Send, changed: () => void, seconds: () => number) {
    this.#send = send
    this.#changed = changed
    this.#seconds = seconds
  }

  /** Adds files to be sent into `root`. */
  add(root: Path, files: readonly { file: Blob; name: string; below: Path }[]): void {
    if (this.#idle() && this.#failed.length === 0) this.clear()
    for (const { file, name, below } of files) {
      this.#waiting.push({ id: this.#nextId++, file, name, root, below, replace: false, state: 'waiting', sent: 0, error: undefined })
      this.#files += 1
      this.#bytes += file.size
    }
    this.#pump()
  }

  /** Stops everything that is on the way or waiting. What has arrived stays. */
  cancelAll(): void {
    for (const upload of this.#waiting) this.#leave(upload, 'cancelled')
    this.#waiting = []
    for (const abort of this.#aborts.values()) abort.abort()
    this.#changed()
  }

  /** Sends a failed one again, over what is there if the person said so. */
  retry(id: number, how: 'keep' | 'replace'): void {
    const upload = this.#failed.find((candidate) => candidate.id === id)
    if (!upload) return
    this.#failed = this.#failed.filter((other) => other !== upload)
    this.#files += 1
    this.#bytes += upload.file.size
    this.#waiting.unshift(Object.assign(upload, { state: 'waiting', sent: 0, error: undefined, replace: how === 'replace' }))
    this.#pump()
  }

  /** Takes the failed ones and the finished batch off the screen. */
  clear(): void {
    this.#failed = []
    if (this.#idle()) {
      this.#files = this.#done = this.#bytes = this.#sentBefore = 0
      this.#meter.reset()
    }
    this.#changed()
  }

  summary(): UploadSummary {
    const sending = [...this.#aborts.keys()]
    const sent = this.#sentBefore + sending.reduce((sum, upload) => sum + upload.sent, 0)
    const bytesPerSecond = this.#meter.rate()
    return {
      files: this.#files, done: this.#done, open: this.#waiting.length + sending.length, bytes: this.#bytes, sent,
      bytesPerSecond, secondsLeft: secondsLeft(this.#bytes - sent, bytesPerSecond), sending, failed: this.#failed,
    }
  }

  #idle(): boolean {
    return this.#waiting.length === 0 && this.#aborts.size === 0
  }

  #pump(): void {
    while (this.#aborts.size < AT_ONCE) {
      const upload = this.#waiting.shift()
      if (!upload) break
      void this.#run(upload)
    }
    this.#changed()
  }

  async #run(upload: Upload): Promise<void> {
    const abort = new AbortController()
    this.#aborts.set(upload, abort)
    upload.state = 'sending'
    try {
      await this.#send(upload, (sent) => { this.#progress(upload, sent) }, abort.signal)
      this.#aborts.delete(upload)
      upload.state = 'done'
      this.#done += 1
      this.#sentBefore += upload.file.size
    } catch (error) {
      this.#aborts.delete(upload)
      upload.error = error
      this.#leave(upload, abort.signal.aborted ? 'cancelled' : 'failed')
    }
    this.#pump()
  }

  #progress(upload: Upload, sent: number): void {
    upload.sent = Math.min(sent, upload.file.size)
    this.#meter.note(this.#seconds(), this.summary().sent)
    this.#changed()
  }

  /** A file that will not arrive no longer counts in the batch. */
  #leave(upload: Upload, state: 'failed' | 'cancelled'): void {
    upload.state = state
    upload.sent = 0
    this.#files -= 1
    this.#bytes -= upload.file.size
    if (state === 'failed') this.#failed = [...this.#failed, upload]
  }
}
