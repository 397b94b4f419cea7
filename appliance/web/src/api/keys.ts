import type { Path } from '@/lib/path'

/** Keys of the query cache, so that the event stream and the pages mean the same. */
export const keys = {
  claim: ['claim'],
  session: ['session'],
  status: ['status'],
  warnings: ['warnings'],
  tasks: ['tasks'],
  people: ['people'],
  spaces: ['spaces'],
  sections: ['section'],
  section: (name: string) => ['section', name],
  network: ['network'],
  wifi: ['wifi'],
  activity: ['activity'],
  commit: (generation: number) => ['commit', generation],
  sessions: ['sessions'],
  tokens: ['tokens'],
  grant: (code: string) => ['grant', code],
  links: ['links'],
  linksAt: (path: Path) => ['links', 'at', ...path],
  link: (id: string) => ['links', 'one', id],
  trash: ['trash'],
  versions: (id: number) => ['versions', id],
  named: (words: readonly string[]) => ['named', ...words],
  /** All that is shown of the timeline. */
  media: ['media'],
  timeline: ['media', 'timeline'],
  photos: (month: string, page: number) => ['media', 'photos', month, page],
  folders: ['folder'],
  text: (path: Path, etag: string | undefined) => ['text', etag, ...path],
  folder: (path: Path) => ['folder', ...path],
} as const
