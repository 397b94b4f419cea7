import { queryOptions } from '@tanstack/react-query'
import { dav, davBase } from '@/api/dav'
import { keys } from '@/api/keys'
import { DAV, NC, OC, parseFound, PROPERTIES, type Entry } from '@/lib/propfind'

/** Entries that a search for names shows at most. */
const NAMED = 20

/** Characters of XML that text cannot hold as they are. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const compared = (how: string, property: string, literal: string): string =>
  `<d:${how}><d:prop><d:${property}/></d:prop><d:literal>${escaped(literal)}</d:literal></d:${how}>`

async function search(person: string, where: string, limit: number, signal: AbortSignal): Promise<Entry[]> {
  const body = `<?xml version="1.0" encoding="utf-8"?>
<d:searchrequest xmlns:d="${DAV}" xmlns:oc="${OC}" xmlns:nc="${NC}"><d:basicsearch><d:select><d:prop>${PROPERTIES}</d:prop></d:select><d:where>${where}</d:where>
<d:orderby><d:order><d:prop><d:getlastmodified/></d:prop><d:descending/></d:order></d:orderby><d:limit><d:nresults>${String(limit)}</d:nresults></d:limit></d:basicsearch></d:searchrequest>`
  const response = await dav('SEARCH', davBase(person), { signal, body, headers: { 'Content-Type': 'application/xml; charset=utf-8' } })
  return parseFound(await response.text(), davBase(person))
}

/** Files and folders whose names hold each of the words, in all spaces of the person; the latest first. */
export const namedQuery = (person: string, typed: string) => {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean).map((word) => word.replaceAll('%', '_'))
  return queryOptions({
    queryKey: keys.named(words),
    queryFn: ({ signal }) => search(person, words.map((word) => compared('like', 'displayname', `%${word}%`)).join(''), NAMED, signal),
    enabled: words.some((word) => word.length > 1),
    staleTime: 10_000,
  })
}
