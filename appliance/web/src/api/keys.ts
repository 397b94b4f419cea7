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
  trash: ['trash'],
  versions: (id: number) => ['versions', id],
  named: (words: readonly string[]) => ['named', ...words],
  media: ['media'],
  folders: ['folder'],
  text: (path: Path, etag: string | undefined) => ['text', etag, ...path],
  folder: (path: Path) => ['folder', ...path],
} as const
