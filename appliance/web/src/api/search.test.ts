import { expect, test } from 'vitest'
import { nextUntil } from '@/api/search'

test('the timeline goes on until a page is not full', () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second))
  const page = (length: number, oldest: number) => Array.from({ length }, (_, index) => ({ modified: at(index === length - 1 ? oldest : 59) }))
  expect(nextUntil(page(200, 30), undefined)).toEqual(at(30))
  expect(nextUntil(page(200, 20), at(30))).toEqual(at(20))
  expect(nextUntil(page(199, 20), at(30))).toBeUndefined()
  expect(nextUntil(page(200, 20), at(20))).toEqual(at(19))
  expect(nextUntil([], undefined)).toBeUndefined()
  expect(nextUntil([], at(20))).toBeUndefined()
  expect(nextUntil([{ modified: undefined }], at(20))).toBeUndefined()
})
