import { expect, test } from 'vitest'
import { AT_ONCE, UploadQueue, type Upload } from '@/lib/upload/queue'

/** A box that takes each file when the test says so. */
function held() {
  const running = new Map<string, { upload: Upload; progress: (sent: number) => void; done: () => void; fail: (error: unknown) => void }>()
  let seconds = 0
  const queue = new UploadQueue((upload, progress, signal) => new Promise((resolve, reject) => {
    running.set(upload.name, { upload, progress, done: () => { running.delete(upload.name); resolve() }, fail: (error) => { running.delete(upload.name); reject(error as Error) } })
    signal.addEventListener('abort', () => { running.delete(upload.name); reject(new Error('aborted')) })
  }), () => { /* Nothing is drawn. */ }, () => seconds)
  const add = (...names: string[]): void => { queue.add([], names.map((name) => ({ file: new Blob(['x'.repeat(1000)]), name, below: [] }))) }
  const step = async (): Promise<void> => { await new Promise((resolve) => { setTimeout(resolve, 0) }) }
  return { queue, running, add, step, wait: (by: number) => { seconds += by } }
}

test('a few are on the way at a time, the others wait in order', async () => {
  const { queue, running, add, step } = held()
  add('a', 'b', 'c', 'd', 'e')
  expect([...running.keys()]).toEqual(['a', 'b', 'c'])
  expect(running.size).toBe(AT_ONCE)
  running.get('b')?.done()
  await step()
  expect([...running.keys()]).toEqual(['a', 'c', 'd'])
  expect(queue.summary()).toMatchObject({ files: 5, done: 1, open: 4, bytes: 5000, sent: 1000 })
})

test('progress makes a rate and a time', async () => {
  const { queue, running, add, wait } = held()
  add('a', 'b')
  for (const sent of [0, 250, 500]) {
    running.get('a')?.progress(sent)
    wait(1)
  }
  expect(queue.summary()).toMatchObject({ sent: 500, bytesPerSecond: 250, secondsLeft: 6 })
})

test('a failed one leaves the batch, says why and can be tried again', async () => {
  const { queue, running, add, step } = held()
  add('a', 'b')
  const reason = new Error('full')
  running.get('a')?.fail(reason)
  running.get('b')?.done()
  await step()
  expect(queue.summary()).toMatchObject({ files: 1, done: 1, open: 0, bytes: 1000 })
  const failed = queue.summary().failed[0]
  expect(failed).toMatchObject({ name: 'a', state: 'failed', error: reason, replace: false })
  queue.retry(failed?.id ?? 0, 'replace')
  expect(running.get('a')?.upload.replace).toBe(true)
  running.get('a')?.done()
  await step()
  expect(queue.summary()).toMatchObject({ files: 2, done: 2, open: 0, failed: [] })
})

test('cancelling stops all, keeps what arrived, and calls nothing failed', async () => {
  const { queue, running, add, step } = held()
  add('a', 'b', 'c', 'd', 'e')
  running.get('a')?.done()
  await step()
  queue.cancelAll()
  await step()
  expect(running.size).toBe(0)
  expect(queue.summary()).toMatchObject({ files: 1, done: 1, open: 0, bytes: 1000, sent: 1000, failed: [] })
})

test('a new batch begins anew when the last one ended well', async () => {
  const { queue, running, add, step } = held()
  add('a')
  running.get('a')?.done()
  await step()
  add('b')
  expect(queue.summary()).toMatchObject({ files: 1, done: 0, bytes: 1000, sent: 0 })
})
