import { expect, test } from 'vitest'
import type { Entry } from '@/lib/propfind'
import { byDay, differs, placeOf, spaceIdOf, timeOf } from '@/lib/times'

test('a time is read from its name and from nothing else', () => {
  expect(timeOf('2026-12-01 01.43.36 UTC')?.at.toISOString()).toBe('2026-12-01T01:43:36.000Z')
  for (const wrong of ['', 'Family', '2026-12-01', '@GMT-2026.12.01-01.43.36', '2026-12-01 01.43.36 UTC ']) expect(timeOf(wrong), wrong).toBeUndefined()
})

test('times stand by day, the latest first', () => {
  const times = [3, 1, 2].map((hour) => ({ name: String(hour), at: new Date(2026, 11, 1, hour) }))
  const days = byDay([...times, { name: 'before', at: new Date(2026, 10, 30, 23) }])
  expect(days.map(({ times: some }) => some.map(({ name }) => name))).toEqual([['3', '2', '1'], ['before']])
})

test('what differs is told by the ETag, and by size and time where nobody knows who it was', () => {
  const entry = (change: Partial<Entry>): Entry => ({ name: 'a', path: ['a'], kind: 'file', size: 1, modified: new Date(0), etag: '"1"', id: 7, permissions: 'G', previewed: false, mounted: false, ...change })
  expect(differs(entry({}), [entry({})])).toBe('same')
  expect(differs(entry({}), [entry({ etag: '"2"' })])).toBe('changed')
  expect(differs(entry({ id: 0 }), [entry({ etag: '"2"' })])).toBe('same')
  expect(differs(entry({ id: 0 }), [entry({ etag: '"2"', size: 2 })])).toBe('changed')
  expect(differs(entry({}), [entry({ name: 'b' })])).toBe('gone')
  expect(differs(entry({ kind: 'folder' }), [entry({})])).toBe('gone')
  expect(differs(entry({}), undefined)).toBe('gone')
})

test('a folder lies in a space, and an entry says in which', () => {
  expect(placeOf(['Family', 'a'], ['Family'])).toEqual({ space: ['Family'], path: ['a'] })
  expect(placeOf(['Family', 'a'], [])).toEqual({ space: [], path: ['Family', 'a'] })
  expect(placeOf([], ['Family'])).toEqual({ space: [], path: [] })
  expect(spaceIdOf(7 * 2 ** 36 + 5)).toBe('s7')
})
