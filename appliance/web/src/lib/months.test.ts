import { expect, test } from 'vitest'
import { byMonth } from '@/lib/months'
import type { Entry } from '@/lib/propfind'

const entry = (name: string, modified: Date | undefined, kind: Entry['kind'] = 'file'): Entry =>
  ({ name, path: [name], kind, size: 1, modified, etag: undefined, id: undefined, permissions: undefined, previewed: true, mounted: false })

test('files are put into months, the latest first, and each once', () => {
  const found = [
    entry('old.jpg', new Date(2025, 11, 31, 23, 59)), entry('b.jpg', new Date(2026, 0, 1)), entry('a.jpg', new Date(2026, 0, 31, 23, 59)),
    entry('b.jpg', new Date(2026, 0, 1)), entry('never.jpg', undefined), entry('album.jpg', new Date(2026, 0, 2), 'folder'),
  ]
  expect(byMonth(found).map(({ first, entries }) => [first, entries.map(({ name }) => name)])).toEqual([
    [new Date(2026, 0), ['a.jpg', 'b.jpg']],
    [new Date(2025, 11), ['old.jpg']],
  ])
  expect(byMonth([])).toEqual([])
})
