import { expect, test } from 'vitest'
import { agentName } from '@/lib/agent'
import { sortEntries, type Order } from '@/lib/entries'
import { signInNameFrom } from '@/lib/names'
import { flatten } from '@/lib/patch'
import type { Entry } from '@/lib/propfind'
import { qrPath } from '@/lib/qr'
import { choose, chooseAll, moveCursor, nothingChosen } from '@/lib/selection'
import { strengthOf } from '@/lib/strength'

test.each([
  ['', 'empty'], ['short', 'short'], ['aaaaaaaaaaaa', 'weak'], ['1234567890', 'weak'], ['abcabcabcabc', 'weak'], ['kx4-Qz9!wpLm', 'fair'], ['correct horse battery staple', 'strong'],
])('“%s” is %s', (passphrase, strength) => { expect(strengthOf(passphrase)).toBe(strength) })

test.each([['Ana Müller', 'ana'], ['Jürgen', 'juergen'], ['Zoë', 'zoe'], ['  3 Bears', ''], ['O’Neil', 'oneil'], ['x'.repeat(40), 'x'.repeat(32)], ['日本', '']])('%s signs in as %s', (shown, name) => {
  expect(signInNameFrom(shown)).toBe(name)
})

test('runs of a QR code become one rectangle each', () => {
  expect(qrPath(['1101', '0000', '0010'])).toBe('M0 0h2v1h-2zM3 0h1v1h-1zM2 2h1v1h-1z')
})

test('a patch is told key by key', () => {
  expect(flatten({ name: 'Elm', people: { p2: null }, door: { names: ['a'] } }, ['box'])).toEqual([
    { key: 'box.name', value: 'Elm' }, { key: 'box.people.p2', value: undefined }, { key: 'box.door.names', value: '["a"]' },
  ])
})

test('browsers are named as people call them', () => {
  expect(agentName('Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0')).toBe('Edge, Windows')
  expect(agentName('Mozilla/5.0 (iPhone; CPU iPhone OS 19) AppleWebKit/605 Version/19 Safari/604')).toBe('Safari, iPhone')
  expect(agentName('curl/8')).toBe('curl/8')
})

const entry = (name: string, kind: Entry['kind'], size?: number, day?: number): Entry => ({
  name, path: [name], kind, size, modified: day === undefined ? undefined : new Date(2026, 0, day), etag: undefined, id: undefined, permissions: undefined, previewed: false, mounted: false,
})

test('folders come first, numbers count, and each order turns round', () => {
  const entries = [entry('b 10', 'file', 1, 3), entry('B 2', 'file', 9, 1), entry('z', 'folder'), entry('a', 'file', 5)]
  const names = (key: Order['key'], descending = false): string => sortEntries(entries, { key, descending }, 'en').map(({ name }) => name).join(',')
  expect(names('name')).toBe('z,a,B 2,b 10')
  expect(names('name', true)).toBe('z,b 10,B 2,a')
  expect(names('size', true)).toBe('z,B 2,a,b 10')
  expect(names('modified', true)).toBe('z,b 10,B 2,a')
})

test('things are chosen alone, one by one and in ranges', () => {
  const chosen = (selection: { chosen: ReadonlySet<number> }): number[] => [...selection.chosen].toSorted((a, b) => a - b)
  const second = choose(nothingChosen, 1, 'alone')
  expect(chosen(choose(second, 3, 'range'))).toEqual([1, 2, 3])
  expect(chosen(choose(choose(second, 3, 'range'), 0, 'range'))).toEqual([0, 1])
  expect(chosen(choose(choose(second, 4, 'toggle'), 1, 'toggle'))).toEqual([4])
  expect(chosen(moveCursor(second, 2, 5, true))).toEqual([1, 2])
  expect(moveCursor(second, 99, 5, false)).toMatchObject({ cursor: 4, anchor: 4 })
  expect(chosen(chooseAll(nothingChosen, 3))).toEqual([0, 1, 2])
})
