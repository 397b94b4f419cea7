import { expect, test } from 'vitest'
import { firstDay, keyLeads, layOut, monthAtRow, monthOf, PAGE, pageOf, photosIn, rowOf, scrubLeads, yearMarks } from '@/lib/timeline'

const months = [{ month: '2026-05', photos: 7 }, { month: '2026-04', photos: 0 }, { month: '2025-12', photos: 1 }, { month: '2025-11', photos: 4 }]
const layout = layOut(months, 3)

test('months stand below each other, a heading and its rows', () => {
  expect(layout).toEqual({
    columns: 3, rows: 9, photos: 12,
    months: [{ month: '2026-05', photos: 7, before: 0, row: 0 }, { month: '2025-12', photos: 1, before: 7, row: 4 }, { month: '2025-11', photos: 4, before: 8, row: 6 }],
  })
  expect([0, 3, 4, 5, 6, 8].map((row) => monthAtRow(layout, row))).toEqual([0, 0, 1, 1, 2, 2])
  expect([0, 6, 7, 8, 11].map((at) => monthOf(layout, at))).toEqual([0, 0, 1, 2, 2])
  expect(Array.from({ length: layout.rows }, (_, row) => photosIn(layout, row))).toEqual([[], [0, 1, 2], [3, 4, 5], [6], [], [7], [], [8, 9, 10], [11]])
  for (let at = 0; at < layout.photos; at += 1) expect(photosIn(layout, rowOf(layout, at))).toContain(at)
  expect(layOut([], 3)).toEqual({ months: [], columns: 3, rows: 0, photos: 0 })
  expect(photosIn(layOut([], 3), 0)).toEqual([])
})

test('a photo is found in a page of its month', () => {
  const many = layOut([{ month: '2026-05', photos: PAGE + 5 }, { month: '2026-04', photos: 9 }], 4)
  expect(pageOf(many, PAGE - 1)).toEqual({ month: '2026-05', number: 0, index: PAGE - 1 })
  expect(pageOf(many, PAGE)).toEqual({ month: '2026-05', number: 1, index: 0 })
  expect(pageOf(many, PAGE + 5)).toEqual({ month: '2026-04', number: 0, index: 0 })
  expect([pageOf(many, -1), pageOf(many, PAGE + 14), pageOf(layOut([], 4), 0)]).toEqual([undefined, undefined, undefined])
})

test('keys lead from photo to photo', () => {
  for (const [at, key, expected] of [
    [0, 'ArrowLeft', 0], [0, 'ArrowRight', 1], [11, 'ArrowRight', 11], [6, 'ArrowRight', 7], [5, 'Home', 0], [0, 'End', 11],
    [1, 'ArrowDown', 4], [5, 'ArrowDown', 6], [6, 'ArrowDown', 7], [7, 'ArrowDown', 8], [10, 'ArrowDown', 11], [11, 'ArrowDown', 11],
    [1, 'ArrowUp', 1], [5, 'ArrowUp', 2], [8, 'ArrowUp', 7], [7, 'ArrowUp', 6], [11, 'ArrowUp', 8],
    [3, 'PageDown', 7], [9, 'PageDown', 11], [9, 'PageUp', 7], [3, 'PageUp', 0], [3, 'x', undefined],
  ] as const) expect(keyLeads(layout, at, key), `${String(at)} ${key}`).toBe(expected)
  expect(keyLeads(layOut([], 3), 0, 'End')).toBeUndefined()
})

test('the scrubber goes by months and by years', () => {
  const long = layOut(['2026-05', '2026-01', '2025-12', '2025-03', '2024-07'].map((month) => ({ month, photos: 1 })), 3)
  for (const [at, key, expected] of [
    [0, 'ArrowDown', 1], [4, 'ArrowDown', 4], [0, 'ArrowUp', 0], [3, 'ArrowUp', 2], [0, 'PageDown', 2], [3, 'PageDown', 4], [4, 'PageDown', 4],
    [4, 'PageUp', 2], [3, 'PageUp', 0], [1, 'PageUp', 0], [2, 'Home', 0], [2, 'End', 4], [2, 'Enter', undefined],
  ] as const) expect(scrubLeads(long, at, key), `${String(at)} ${key}`).toBe(expected)
  expect(yearMarks(long)).toEqual([{ year: '2026', part: 0 }, { year: '2025', part: 0.4 }, { year: '2024', part: 0.8 }])
  const crowded = layOut(Array.from({ length: 300 }, (_, at) => ({ month: `${String(2300 - at)}-01`, photos: 1 })), 3)
  expect(yearMarks(crowded).length).toBeLessThanOrEqual(25)
})

test('a month has a first day in any year', () => {
  expect(firstDay('2026-05')).toEqual(new Date(2026, 4))
  expect([firstDay('0001-01').getFullYear(), firstDay('0001-01').getMonth()]).toEqual([1, 0])
})
