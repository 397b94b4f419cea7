import { decodePath, pathKey, type Path } from '@/lib/path'

/** A file or folder as the box lists it. */
export interface Entry {
  name: string
  path: Path
  kind: 'file' | 'folder'
  /** Bytes; of a folder only when the box says so. */
  size: number | undefined
  modified: Date | undefined
  /** When it was taken by the clock there, of a picture or film of which that is known. */
  taken?: Date | undefined
  etag: string | undefined
  /** The number by which the box knows it, when it says so. */
  id: number | undefined
  /** Letters of what the person may do, when the box says so. */
  permissions: string | undefined
  /** True when the box may make a small picture of it. */
  previewed: boolean
  /** True for a shared space that appears at the root of the tree. */
  mounted: boolean
}

/** The folder that was asked for and what is in it. */
export interface Listing {
  self: Entry
  entries: Entry[]
}

export const DAV = 'DAV:'
export const OC = 'http://owncloud.org/ns'
export const NC = 'http://nextcloud.org/ns'

/** The properties that the pages about files show. */
export const PROPERTIES = '<d:resourcetype/><d:getcontentlength/><d:getlastmodified/><d:getetag/><oc:fileid/><oc:permissions/><oc:size/><nc:has-preview/>'

/** Asks for them (RFC 4918, section 9.1). */
export const PROPFIND_BODY = `<?xml version="1.0" encoding="utf-8"?>
<d:propfind xmlns:d="DAV:" xmlns:oc="${OC}" xmlns:nc="${NC}"><d:prop>${PROPERTIES}</d:prop></d:propfind>`

/** What the box answered is not a listing. */
export class ListingError extends Error {
  override name = 'ListingError'
}

/** Reads a multi-status answer (RFC 4918, section 13). `base` is the encoded prefix that all hrefs share, `folder` what was asked for. */
export function parseListing(xml: string, base: string, folder: Path): Listing {
  const gathered = new Gathered(base, folder)
  gathered.add(xml)
  return gathered.listing()
}

/** Entries that are read at once: some hundredths of a second. */
const AT_ONCE = 1000

/** The same, with a pause after each part, so that the page goes on however many entries there are. */
export async function readListing(xml: string, base: string, folder: Path): Promise<Listing> {
  const gathered = new Gathered(base, folder)
  for (const part of partsOf(xml)) {
    gathered.add(part)
    await pause()
  }
  return gathered.listing()
}

/** Lets the page go on. Not by a timer: those are slow in a page that is not seen. */
async function pause(): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  await new Promise<void>((resolve) => {
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}

/** A long multi-status document as several whole ones, each with some of its entries. */
function* partsOf(xml: string): Generator<string> {
  const root = /<((?:[\w-]+:)?)multistatus\b[^>]*>/.exec(xml)
  if (!root) {
    yield xml
    return
  }
  const [open, prefix = ''] = root
  const end = `</${prefix}response>`
  let from = root.index + open.length
  for (let to = from; ;) {
    for (let entries = 0; entries < AT_ONCE && to >= 0; entries += 1) {
      const next = xml.indexOf(end, to)
      to = next < 0 ? next : next + end.length
    }
    // The last part has what stands at the end, whatever that is.
    if (to < 0) break
    yield `${open}${xml.slice(from, to)}</${prefix}multistatus>`
    from = to
  }
  yield open + xml.slice(from)
}

/** A listing that is read part by part. */
class Gathered {
  readonly #base: string
  readonly #folder: Path
  readonly #asked: string
  readonly #entries: Entry[] = []
  #self: Entry | undefined

  constructor(base: string, folder: Path) {
    this.#base = base
    this.#folder = folder
    this.#asked = pathKey(folder)
  }

  add(xml: string): void {
    for (const response of responsesOf(xml)) {
      const entry = readResponse(response, this.#base)
      if (!entry) continue
      if (pathKey(entry.path) === this.#asked) this.#self = entry
      else if (entry.path.length === this.#folder.length + 1) this.#entries.push(entry)
    }
  }

  listing(): Listing {
    if (!this.#self) throw new ListingError('the folder itself is missing from its listing')
    return { self: this.#self, entries: this.#entries }
  }
}

/** Reads the answer to a search: entries from anywhere in the tree, in their order. */
export const parseFound = (xml: string, base: string): Entry[] => [...responsesOf(xml)].flatMap((response) => readResponse(response, base) ?? [])

/** The entries of a multi-status answer. */
export function responsesOf(xml: string): HTMLCollectionOf<Element> {
  const document = new DOMParser().parseFromString(xml, 'application/xml')
  if (document.documentElement.namespaceURI !== DAV || document.documentElement.localName !== 'multistatus') {
    throw new ListingError('not a multistatus document')
  }
  return document.getElementsByTagNameNS(DAV, 'response')
}

function readResponse(response: Element, base: string): Entry | undefined {
  const href = hrefOf(response)
  const path = href === undefined ? undefined : pathOf(href, base)
  const props = foundProps(response)
  if (!path || !props) return undefined
  const kind = props.getElementsByTagNameNS(DAV, 'collection').length > 0 ? 'folder' : 'file'
  const permissions = textOf(props, OC, 'permissions')
  return {
    name: path.at(-1) ?? '',
    path,
    kind,
    size: numberOf(textOf(props, DAV, 'getcontentlength') ?? textOf(props, OC, 'size')),
    modified: dateOf(textOf(props, DAV, 'getlastmodified')),
    etag: textOf(props, DAV, 'getetag'),
    id: numberOf(textOf(props, OC, 'fileid')),
    permissions,
    previewed: textOf(props, NC, 'has-preview') === 'true',
    // The letter M stands for everything in a shared space; at the root of the tree it is the space itself.
    mounted: path.length === 1 && permissions?.includes('M') === true,
  }
}

/** The address of an entry, as it stands there. */
export const hrefOf = (response: Element): string | undefined => response.getElementsByTagNameNS(DAV, 'href')[0]?.textContent?.trim()

/** The properties of the propstat whose status is 200. */
export function foundProps(response: Element): Element | undefined {
  for (const propstat of response.getElementsByTagNameNS(DAV, 'propstat')) {
    const status = textOf(propstat, DAV, 'status')
    if (status === undefined || / 200( |$)/.test(status)) return propstat.getElementsByTagNameNS(DAV, 'prop')[0]
  }
  return undefined
}

function pathOf(href: string, base: string): Path | undefined {
  const pathname = href.startsWith('/') ? href : new URL(href, 'https://box.invalid').pathname
  return pathname.startsWith(base) ? decodePath(pathname.slice(base.length)) : undefined
}

/** The text of a property; `undefined` for none. */
export function textOf(parent: Element, namespace: string, name: string): string | undefined {
  const text = parent.getElementsByTagNameNS(namespace, name)[0]?.textContent?.trim()
  return text === '' ? undefined : text
}

/** A number, if it is one. */
export function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** A date, if it is one. */
export function dateOf(text: string | undefined): Date | undefined {
  const date = new Date(text ?? '')
  return Number.isNaN(date.getTime()) ? undefined : date
}
