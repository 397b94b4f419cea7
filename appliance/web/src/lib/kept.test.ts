import { expect, test } from 'vitest'
import { parseTrash, parseVersions, statesAmong } from '@/lib/kept'
import { ListingError } from '@/lib/propfind'

const multistatus = (...responses: string[]): string =>
  `<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns" xmlns:nc="http://nextcloud.org/ns">${responses.join('')}</d:multistatus>`

const response = (href: string, props: string): string =>
  `<d:response><d:href>${href}</d:href><d:propstat><d:prop>${props}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`

const item = (name: string, location: string, seconds: number): string =>
  `<nc:trashbin-filename>${name}</nc:trashbin-filename><nc:trashbin-original-location>${location}</nc:trashbin-original-location><nc:trashbin-deletion-time>${String(seconds)}</nc:trashbin-deletion-time><oc:size>5</oc:size>`

test('what was deleted is read with where it came from, the latest first', () => {
  const xml = multistatus(
    response('/dav/trash/ana/', '<d:resourcetype><d:collection/></d:resourcetype>'),
    response('/dav/trash/ana/s1-00.d5', `<d:resourcetype/>${item('a &amp; b', 'a &amp; b', 5)}`),
    response('/dav/trash/ana/s2-01.d6/', `<d:resourcetype><d:collection/></d:resourcetype>${item('list', 'Family/deep/list', 6)}`),
  )
  expect(parseTrash(xml)).toEqual([
    { address: 's2-01.d6', name: 'list', from: ['Family', 'deep'], deleted: new Date(6000), kind: 'folder', size: 5 },
    { address: 's1-00.d5', name: 'a & b', from: [], deleted: new Date(5000), kind: 'file', size: 5 },
  ])
})

test('versions are read without the file that they are of', () => {
  const xml = multistatus(
    response('/dav/versions/ana/7/', '<d:getlastmodified>Mon, 03 Aug 2026 10:00:00 GMT</d:getlastmodified>'),
    response('/dav/versions/ana/7/1600000001', '<d:getcontentlength>3</d:getcontentlength><d:getlastmodified>Mon, 03 Aug 2026 10:00:00 GMT</d:getlastmodified>'),
  )
  expect(parseVersions(xml)).toEqual([{ address: '1600000001', modified: new Date('2026-08-03T10:00:00Z'), size: 3 }])
})

test('what is no listing is refused', () => {
  for (const text of ['', '<html/>', 'nonsense']) {
    expect(() => parseTrash(text)).toThrow(ListingError)
    expect(() => parseVersions(text)).toThrow(ListingError)
  }
})

test('versions and the states of earlier times are one list, in which nothing stands twice', () => {
  const version = (seconds: number, size: number) => ({ address: String(seconds), modified: new Date(seconds * 1000 + 500), size })
  const state = (modified: number, size: number) => ({ time: `t${String(modified)}`, at: modified + 50, modified, size })
  const all = statesAmong([version(30, 3), version(10, 1)], [state(20, 2), state(10, 1), state(30, 4)])
  expect(all.map((one) => 'version' in one ? one.version.address : one.state.time)).toEqual(['30', 't30', 't20', '10'])
})
