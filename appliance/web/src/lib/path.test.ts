import { expect, test } from 'vitest'
import { decodePath, encodePath, isFileName } from '@/lib/path'
import { folderPath, routeOf, timesPath } from '@/lib/paths'

const ODD = ['plain', 'with space', 'a/b'.replace('/', '∕'), '#1?&=+', '100%', '%2F', 'Höhle', '日本', "it's (1)!*", '.hidden', '...', '~']

test('every name comes back from its encoding, alone and in paths', () => {
  for (const name of ODD) expect(decodePath(encodePath([name])), name).toEqual([name])
  expect(decodePath(encodePath(ODD))).toEqual(ODD)
})

test('nothing in an encoded name ends a path, a query or a quote', () => {
  for (const name of ODD) expect(encodePath([name]), name).toMatch(/^[A-Za-z0-9\-._~%]+$/)
})

test('what climbs or is malformed is no path', () => {
  for (const encoded of ['..', 'a/../b', '%2e%2e', 'a%2Fb', '%', '%00', '%C3']) expect(decodePath(encoded), encoded).toBeUndefined()
})

test('names are judged as Linux does', () => {
  for (const name of ['', '.', '..', 'a/b', 'a\0', 'x'.repeat(256), 'ä'.repeat(128)]) expect(isFileName(name), name).toBe(false)
  for (const name of ['a', ' ', '...', 'x'.repeat(255), 'ä'.repeat(127)]) expect(isFileName(name), name).toBe(true)
})

test('addresses lead to pages and back', () => {
  for (const folder of [[], ['a'], ODD]) expect(routeOf(folderPath(folder))).toEqual({ page: 'files', folder })
  for (const time of [undefined, '2026-12-01 01.43.36 UTC']) {
    for (const folder of [[], ['a'], ODD]) expect(routeOf(timesPath(time, folder))).toEqual({ page: 'times', time, folder })
  }
  expect(routeOf('/times')).toEqual({ page: 'times', time: undefined, folder: [] })
  expect(routeOf('/settings')).toEqual({ page: 'settings', section: 'box' })
  expect(routeOf('/settings/people/')).toEqual({ page: 'settings', section: 'people' })
  for (const wrong of ['/settings/nope', '/filesystem', '/files/%2e%2e', '/times/latest/%2e%2e', '/x']) expect(routeOf(wrong)).toEqual({ page: 'unknown' })
})
