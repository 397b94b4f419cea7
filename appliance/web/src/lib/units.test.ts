import { expect, test } from 'vitest'
import { ago, bytes, day, duration, percent, roughly } from '@/lib/units'

test.each([
  [0, '0 B'], [999, '999 B'], [1000, '1 kB'], [1_250_000, '1.3 MB'], [999_600, '1 MB'], [5_000_000, '5 MB'], [123_456_789, '123 MB'], [1.9e12, '1.9 TB'],
])('%d bytes are %s', (count, text) => { expect(bytes(count, 'en')).toBe(text) })

test('sizes follow the language', () => { expect(bytes(1_250_000, 'de')).toBe('1,3 MB') })

test.each([[0, '1 s'], [8.4, '8 s'], [59.4, '59 s'], [59.6, '1 min'], [125, '2 min'], [3600, '1 h'], [3900, '1 h 5 min'], [3599, '1 h']])('%d s are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text)
})

test.each([[0, '1 min'], [70, '1 min'], [540, '9 min'], [590, '10 min'], [1700, '30 min'], [4000, '1 h'], [4300, '1 h 15 min'], [11_000, '3 h'], [100_000, '28 h']])('%d s are roughly %s', (seconds, text) => {
  expect(roughly(seconds)).toBe(text)
})

test('a share is never more than all, nor of nothing', () => {
  expect([percent(2.1, 4, 'en'), percent(5, 4, 'en'), percent(1, 0, 'en')]).toEqual(['53%', '100%', '0%'])
})

test('times are said from now, and days when they are long past', () => {
  const now = new Date('2026-08-10T12:00:00')
  const before = (seconds: number): Date => new Date(now.getTime() - seconds * 1000)
  expect(ago(before(10), 'en', now)).toBe('this minute')
  expect(ago(before(-90), 'en', now)).toBe('this minute')
  expect(ago(before(7200), 'en', now)).toBe('2 hours ago')
  expect(ago(before(86400), 'en', now)).toBe('yesterday')
  expect(ago(before(30 * 86400), 'en-GB', now)).toBe('11 Jul')
  expect(day(new Date('2025-08-03T12:00:00'), 'en-GB', now)).toBe('3 Aug 2025')
})
