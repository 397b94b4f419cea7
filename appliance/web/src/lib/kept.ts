import type { Path } from '@/lib/path'
import { DAV, dateOf, foundProps, hrefOf, numberOf, OC, responsesOf, textOf } from '@/lib/propfind'

/** Something that was deleted and can be brought back. */
export interface TrashItem {
  /** What it is called in addresses, encoded. */
  address: string
  name: string
  /** The folder that it came from, in the person's own tree. */
  from: Path
  deleted: Date | undefined
  kind: 'file' | 'folder'
  /** Bytes, of a folder with all in it. */
  size: number | undefined
}

/** An earlier content of a file. */
export interface Version {
  /** What it is called in addresses, encoded. */
  address: string
  /** When it was written. */
  modified: Date | undefined
  size: number | undefined
}

/** A state of a file that an earlier time shows. */
interface State { time: string; at: number; modified: number; size: number }

/** Versions and states as one list, the latest content first. A state that is a version, too, stands there once. */
export function statesAmong<S extends State>(versions: readonly Version[], states: readonly S[]): ({ version: Version } | { state: S })[] {
  const seconds = (date: Date | undefined): number => Math.floor((date?.getTime() ?? 0) / 1000)
  const others = states.filter((state) => !versions.some((version) => version.size === state.size && seconds(version.modified) === state.modified))
  const all = [...versions.map((version) => ({ version, when: seconds(version.modified) })), ...others.map((state) => ({ state, when: state.modified }))]
  return all.toSorted((a, b) => b.when - a.when)
}

const NC = 'http://nextcloud.org/ns'

/** What the page of the trash shows. */
export const TRASH_BODY = `<?xml version="1.0" encoding="utf-8"?>
<d:propfind xmlns:d="${DAV}" xmlns:oc="${OC}" xmlns:nc="${NC}"><d:prop><d:resourcetype/><oc:size/><nc:trashbin-filename/><nc:trashbin-original-location/><nc:trashbin-deletion-time/></d:prop></d:propfind>`

/** What the list of versions shows. */
export const VERSIONS_BODY = `<?xml version="1.0" encoding="utf-8"?>
<d:propfind xmlns:d="${DAV}"><d:prop><d:getcontentlength/><d:getlastmodified/></d:prop></d:propfind>`

/** Reads the listing of the trash, the latest first. */
export function parseTrash(xml: string): TrashItem[] {
  const items: TrashItem[] = []
  for (const response of responsesOf(xml)) {
    const props = foundProps(response)
    const name = props && textOf(props, NC, 'trashbin-filename')
    const address = addressOf(response)
    // The trash itself is in the listing, and has no such name.
    if (!props || name === undefined || address === undefined) continue
    const seconds = numberOf(textOf(props, NC, 'trashbin-deletion-time'))
    items.push({
      address, name,
      from: textOf(props, NC, 'trashbin-original-location')?.split('/').slice(0, -1) ?? [],
      deleted: seconds === undefined ? undefined : new Date(seconds * 1000),
      kind: props.getElementsByTagNameNS(DAV, 'collection').length > 0 ? 'folder' : 'file',
      size: numberOf(textOf(props, OC, 'size')),
    })
  }
  return items.toSorted((a, b) => (b.deleted?.getTime() ?? 0) - (a.deleted?.getTime() ?? 0))
}

/** Reads the listing of a file's versions, the latest first, as the box has them. */
export function parseVersions(xml: string): Version[] {
  const versions: Version[] = []
  // The first is what they are versions of.
  for (const response of [...responsesOf(xml)].slice(1)) {
    const props = foundProps(response)
    const address = addressOf(response)
    if (!props || address === undefined) continue
    versions.push({ address, modified: dateOf(textOf(props, DAV, 'getlastmodified')), size: numberOf(textOf(props, DAV, 'getcontentlength')) })
  }
  return versions
}

/** The last part of an entry's address. */
const addressOf = (response: Element): string | undefined => hrefOf(response)?.replace(/\/$/, '').split('/').at(-1)
