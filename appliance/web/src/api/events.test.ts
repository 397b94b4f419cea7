import { QueryClient } from '@tanstack/react-query'
import { expect, test, vi } from 'vitest'
import { apply } from '@/api/events'
import { keys } from '@/api/keys'
import { generation } from '@/api/settled'
import type { AuditEntry, SpaceEntry } from '@/api/types'

const line = (number: number): AuditEntry => ({ number, at: '2026-08-03T10:00:00Z', who: { kind: 'console' }, action: 'settings.changed', sentence: 'Changed.' })

/** Whether what was read under a key is stale now. */
const isStale = (client: QueryClient, key: readonly unknown[]): boolean => client.getQueryState(key)?.isInvalidated === true

test('a line of the activity goes on top, once', async () => {
  const client = new QueryClient()
  client.setQueryData(keys.activity, { pages: [{ items: [line(1)] }], pageParams: [undefined] })
  for (let times = 0; times < 2; times += 1) await apply(client, { kind: 'activity', entry: line(2) })
  expect(client.getQueryData(keys.activity)).toMatchObject({ pages: [{ items: [{ number: 2 }, { number: 1 }] }] })
})

test('settings make what stands on them stale before the change is said to be done', async () => {
  const client = new QueryClient()
  client.setQueryData(keys.section('door'), 'old')
  client.setQueryData(keys.warnings, [])
  const seen: boolean[] = []
  const stop = generation.subscribe(() => { seen.push(isStale(client, keys.section('door'))) })
  await apply(client, { kind: 'settings', generation: 7, sections: ['door'] })
  stop()
  expect(seen).toEqual([true])
  expect(isStale(client, keys.warnings)).toBe(false)
})

test('news of folders are gathered, and only those folders are read anew', async () => {
  vi.useFakeTimers()
  const client = new QueryClient()
  const space = (id: string, name: string, kind: SpaceEntry['kind']): SpaceEntry => ({ id, name, kind, members: {} })
  client.setQueryData(keys.spaces, [space('s1', 'ana', 'personal'), space('s2', 'Family', 'shared')])
  const folders = [[], ['a'], ['a', 'b'], ['Family'], ['Family', 'a']]
  for (const folder of folders) client.setQueryData(keys.folder(folder), 'listing')
  for (let times = 0; times < 50; times += 1) await apply(client, { kind: 'files', space: 's1', folder: 'a' })
  await apply(client, { kind: 'files', space: 's2', folder: 'a' })
  expect(folders.some((folder) => isStale(client, keys.folder(folder)))).toBe(false)
  vi.advanceTimersByTime(1000)
  expect(folders.filter((folder) => isStale(client, keys.folder(folder)))).toEqual([['a'], ['Family', 'a']])
  const entry = (name: string, mounted: boolean) => ({ name, path: [name], kind: 'folder', size: undefined, modified: undefined, etag: undefined, permissions: undefined, mounted })
  client.setQueryData(keys.folder([]), { self: entry('', false), entries: [entry('Family', false), entry('Family (shared 2)', true)] })
  client.setQueryData(keys.folder(['Family (shared 2)', 'b']), 'listing')
  await apply(client, { kind: 'files', space: 's2', folder: 'b' })
  vi.advanceTimersByTime(1000)
  expect(isStale(client, keys.folder(['Family (shared 2)', 'b']))).toBe(true)
  vi.useRealTimers()
})

test('news of disks makes them and the pool stale', async () => {
  const client = new QueryClient()
  for (const key of [keys.disks, keys.pool, keys.status]) client.setQueryData(key, 'old')
  await apply(client, { kind: 'disks' })
  expect([keys.disks, keys.pool, keys.status].map((key) => isStale(client, key))).toEqual([true, true, false])
})
