import { decodePath, pathKey, type Path } from '@/lib/path'

/** A file or folder as the box lists it. */
export interface Entry {
  name: string
  path: Path
  kind: 'file' | 'folder'
  /** Bytes; of a folder only when the box says so. */
  size: number | undefined
  modified: Date | undefined
  etag: string | undefined
  /** Letters of what the person may do, when the box says so. */
  permissions: string | undefined
  /** True for a shared space that appears at the root of the tree. */
  mounted: boolean
}

/** The folder that was asked for and what is in it. */
export interface Listing {
  self: Entry
  entries: Entry[]
}

const DAV = 'DAV:'
const OC = 'http://owncloud.org/ns'

/** The properties that the files page shows (RFC 4918, section 9.1). */
export const PROPFIND_BODY = `<?xml version="1.0" encoding="utf-8"?>
<d:propfind xmlns:d="DAV:" xmlns:oc="${OC}"><d:prop><d:resourcetype/><d:getcontentlength/><d:getlastmodified/><d:getetag/><oc:permissions/><oc:size/></d:prop></d:propfind>`

/** What the box answered is not a listing. */
export class ListingError extends Error {
  override name = 'ListingError'
}

/** Reads a multi-status answer (RFC 4918, section 13). `base` is the encoded prefix that all hrefs share, `folder` what was asked for. */
export function parseListing(xml: string, base: string, folder: Path): Listing {
  const document = new DOMParser().parseFromString(xml, 'application/xml')
  if (document.documentElement.namespaceURI !== DAV || document.documentElement.localName !== 'multistatus') {
    throw new ListingError('not a multistatus document')
  }
  const asked = pathKey(folder)
  let self: Entry | undefined
  const entries: Entry[] = []
  for (const response of document.getElementsByTagNameNS(DAV, 'response')) {
    const entry = readResponse(response, base)
    if (!entry) continue
    if (pathKey(entry.path) === asked) self = entry
    else if (entry.path.length === folder.length + 1) entries.push(entry)
  }
  if (!self) throw new ListingError('the folder itself is missing from its listing')
  return { self, entries }
}

function readResponse(response: Element, base: string): Entry | undefined {
  const href = response.getElementsByTagNameNS(DAV, 'href')[0]?.textContent?.trim()
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
    permissions,
    // The letter M stands for everything in a shared space; at the root of the tree it is the space itself.
    mounted: path.length === 1 && permissions?.includes('M') === true,
  }
}

/** The properties of the propstat whose status is 200. */
function foundProps(response: Element): Element | undefined {
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

function textOf(parent: Element, namespace: string, name: string): string | undefined {
  const text = parent.getElementsByTagNameNS(namespace, name)[0]?.textContent?.trim()
  return text === '' ? undefined : text
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

function dateOf(text: string | undefined): Date | undefined {
  const date = new Date(text ?? '')
  return Number.isNaN(date.getTime()) ? undefined : date
}
