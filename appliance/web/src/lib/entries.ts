import type { Entry } from '@/lib/propfind'

/** What the list can be ordered by. */
export type SortKey = 'name' | 'modified' | 'size'
export interface Order { key: SortKey; descending: boolean }

/** Folders first, then as ordered; names as people count them: `2` before `10`. */
export function sortEntries(entries: readonly Entry[], order: Order, language: string): Entry[] {
  const names = new Intl.Collator(language, { numeric: true, sensitivity: 'base' })
  const sign = order.descending ? -1 : 1
  return entries.toSorted((a, b) => {
    if (a.kind !== b.kind) return a.kind === 'folder' ? -1 : 1
    const by = order.key === 'name' ? 0 : number(a, order.key) - number(b, order.key)
    return sign * (by || names.compare(a.name, b.name))
  })
}

function number(entry: Entry, key: 'modified' | 'size'): number {
  return key === 'size' ? entry.size ?? -1 : entry.modified?.getTime() ?? -1
}

export type FileKind = 'folder' | 'shared' | 'image' | 'video' | 'audio' | 'document' | 'archive' | 'other'

const ENDINGS: Partial<Record<FileKind, string>> = {
  image: 'jpg jpeg png gif webp avif heic heif hif bmp tif tiff svg raw dng',
  video: 'mp4 mov mkv webm avi m4v mpg mpeg',
  audio: 'mp3 flac ogg opus m4a wav aac',
  document: 'pdf txt md doc docx odt rtf xls xlsx ods csv ppt pptx odp epub',
  archive: 'zip tar gz xz zst 7z rar bz2',
}

const KINDS = new Map(Object.entries(ENDINGS).flatMap(([kind, endings]) => endings.split(' ').map((ending) => [ending, kind as FileKind])))

/** The ending of a name, in lower case: `jpg`. */
export function endingOf(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : ''
}

/** What a thing is, for its picture. */
export function fileKind(entry: Pick<Entry, 'name' | 'kind' | 'mounted'>): FileKind {
  if (entry.kind === 'folder') return entry.mounted ? 'shared' : 'folder'
  return KINDS.get(endingOf(entry.name)) ?? 'other'
}

/** Endings of what a browser shows by itself, by how it is shown. */
const SHOWN: Partial<Record<string, Showing>> = {
  ...by('image', 'jpg jpeg png gif webp avif bmp'),
  ...by('video', 'mp4 webm m4v mov'),
  ...by('audio', 'mp3 flac ogg opus m4a wav aac'),
  ...by('text', 'txt md csv json log'),
}

export type Showing = 'image' | 'video' | 'audio' | 'text'

function by(showing: Showing, endings: string): Record<string, Showing> {
  return Object.fromEntries(endings.split(' ').map((ending) => [ending, showing]))
}

/** Whether browsers draw files with this name by themselves. */
export const isDrawn = (name: string): boolean => SHOWN[endingOf(name)] === 'image'

/** How the browser can show a file; `undefined` when it can only be downloaded. What the box makes pictures of is a picture. */
export function showing(entry: Pick<Entry, 'name' | 'kind' | 'previewed'>): Showing | undefined {
  if (entry.kind === 'folder') return undefined
  return SHOWN[endingOf(entry.name)] ?? (entry.previewed ? 'image' : undefined)
}
