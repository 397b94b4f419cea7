import { expect, test } from 'vitest'
import { ListingError, parseListing, readListing } from '@/lib/propfind'

const BASE = '/dav/files/ana/'

/** A multi-status document with these responses. */
const multistatus = (...responses: string[]): string =>
  `<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns" xmlns:nc="http://nextcloud.org/ns">${responses.join('')}</d:multistatus>`

const response = (href: string, props: string, status = 'HTTP/1.1 200 OK'): string =>
  `<d:response><d:href>${href}</d:href><d:propstat><d:prop>${props}</d:prop><d:status>${status}</d:status></d:propstat></d:response>`

const folder = '<d:resourcetype><d:collection/></d:resourcetype>'
const self = response(BASE, folder)

test('files and folders are read with what the box says of them', () => {
  const { entries } = parseListing(multistatus(
    self,
    response(`${BASE}Summer%202026/`, `${folder}<oc:permissions>GDNVCK</oc:permissions>`),
    response(`${BASE}H%C3%B6hle%20%231%20100%25.jpg`, '<d:resourcetype/><nc:has-preview>true</nc:has-preview><d:getcontentlength>5000000</d:getcontentlength><d:getlastmodified>Mon, 03 Aug 2026 10:00:00 GMT</d:getlastmodified><d:getetag>"a&amp;b"</d:getetag>'),
  ), BASE, [])
  expect(entries).toEqual([
    { name: 'Summer 2026', path: ['Summer 2026'], kind: 'folder', size: undefined, modified: undefined, etag: undefined, id: undefined, permissions: 'GDNVCK', previewed: false, mounted: false },
    { name: 'Höhle #1 100%.jpg', path: ['Höhle #1 100%.jpg'], kind: 'file', size: 5_000_000, modified: new Date('2026-08-03T10:00:00Z'), etag: '"a&b"', id: undefined, permissions: undefined, previewed: true, mounted: false },
  ])
})

test('a shared space is one at the root only', () => {
  const letters = `${folder}<oc:permissions>MGCK</oc:permissions>`
  expect(parseListing(multistatus(self, response(`${BASE}Family/`, letters)), BASE, []).entries[0]?.mounted).toBe(true)
  expect(parseListing(multistatus(response(`${BASE}Family/`, letters), response(`${BASE}Family/in/`, letters)), BASE, ['Family']).entries[0]?.mounted).toBe(false)
})

test('properties that were not found are not read', () => {
  const mixed = `<d:response><d:href>${BASE}a</d:href><d:propstat><d:prop><d:getcontentlength>7</d:getcontentlength></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat><d:propstat><d:prop><d:resourcetype/></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`
  expect(parseListing(multistatus(self, mixed), BASE, []).entries[0]).toMatchObject({ name: 'a', kind: 'file', size: undefined })
})

test('what lies elsewhere or would climb is left out', () => {
  for (const href of ['/dav/files/ben/x', `${BASE}..%2Fx`, `${BASE}a/b/c`, `${BASE}%E0%A4%A`]) {
    expect(parseListing(multistatus(self, response(href, '<d:resourcetype/>')), BASE, []).entries, href).toEqual([])
  }
})

test('whole addresses and other prefixes are understood', () => {
  const xml = `<?xml version="1.0"?><x:multistatus xmlns:x="DAV:"><x:response><x:href>https://box${BASE}</x:href><x:propstat><x:prop><x:resourcetype><x:collection/></x:resourcetype></x:prop><x:status>HTTP/1.1 200 OK</x:status></x:propstat></x:response></x:multistatus>`
  expect(parseListing(xml, BASE, []).self.kind).toBe('folder')
})

test('anything but a listing is an error', () => {
  for (const text of ['', '<html/>', '<multistatus/>', 'not xml', multistatus(), multistatus(response(`${BASE}x`, ''))]) {
    expect(() => parseListing(text, BASE, []), text).toThrow(ListingError)
  }
})

test('a long listing is read in parts, and the page goes on between them', async () => {
  for (const count of [0, 1, 998, 999, 1000, 1999, 2500]) {
    const xml = multistatus(self, ...Array.from({ length: count }, (_, at) => response(`${BASE}${String(at)}.jpg`, `<d:getetag>"${String(at)}"</d:getetag>`)))
    let turns = 0
    const timer = setInterval(() => { turns += 1 })
    const listing = await readListing(xml, BASE, [])
    clearInterval(timer)
    expect(listing, String(count)).toEqual(parseListing(xml, BASE, []))
    expect(listing.entries).toHaveLength(count)
    if (count > 2000) expect(turns).toBeGreaterThan(0)
  }
  for (const text of ['', '<html/>', 'not xml', multistatus(), multistatus(self).slice(0, -5)]) await expect(readListing(text, BASE, [])).rejects.toThrow(ListingError)
})
