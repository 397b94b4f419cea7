import type { InfiniteData, QueryClient } from '@tanstack/react-query'
import { keys } from '@/api/keys'
import { lostBox } from '@/api/reach'
import { generation, streaming } from '@/api/settled'
import type { AuditEntry, AuditPage, BoxEvent, SpaceEntry, Status, Task } from '@/api/types'
import { mountName } from '@/lib/mounts'
import type { Listing } from '@/lib/propfind'

const KINDS: readonly BoxEvent['kind'][] = ['settings', 'task', 'warnings', 'activity', 'role', 'disks', 'files', 'missed']

/** Pause before a stream that the box refused is asked for again, in milliseconds. */
const AGAIN_MS = 2000

/** The one live stream: patches the query cache with what the box tells. Returns how to stop it. */
export function listen(client: QueryClient): () => void {
  let wasOpen = false
  let failures = 0
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const start = (): void => {
    source = open(client)
    source.onopen = () => {
      streaming.set(true)
      failures = 0
      // What happened while nobody listened is read anew.
      if (wasOpen) void client.invalidateQueries()
      wasOpen = true
    }
    source.onerror = () => {
      streaming.set(false)
      // Once may be a restart of a part; twice in a row the box is gone, and the page says so before anybody clicks.
      failures += 1
      if (failures > 1) lostBox()
      // Browsers come back by themselves from a broken stream, but not from a refusal: the box is starting, or nobody is signed in any more.
      if (source?.readyState !== EventSource.CLOSED) return
      void client.invalidateQueries({ queryKey: keys.session })
      timer = setTimeout(start, AGAIN_MS)
    }
  }
  start()
  return () => {
    clearTimeout(timer)
    streaming.set(false)
    source?.close()
  }
}

function open(client: QueryClient): EventSource {
  const source = new EventSource('/api/v1/events')
  for (const kind of KINDS) {
    source.addEventListener(kind, ({ data }: MessageEvent<string>) => {
      // The stream's shape is the API's promise, as every answer's.
      void apply(client, JSON.parse(data) as BoxEvent)
    })
  }
  return source
}

/** Brings the cache to what the event says. Exported for its test. */
export async function apply(client: QueryClient, event: BoxEvent): Promise<void> {
  const invalidate = (queryKey: readonly unknown[]): Promise<void> => client.invalidateQueries({ queryKey })
  switch (event.kind) {
    case 'settings':
      await Promise.all([keys.status, keys.people, keys.spaces, keys.sections, keys.session, keys.network, keys.shares, keys.notify, keys.apps].map(invalidate))
      if (event.sections.includes('spaces')) void invalidate(keys.folders)
      generation.set(Math.max(generation.get(), event.generation))
      break
    case 'task':
      client.setQueryData<Task[]>(keys.tasks, (tasks) => tasks && [event.task, ...tasks.filter(({ id }) => id !== event.task.id)])
      break
    case 'warnings':
      client.setQueryData(keys.warnings, event.warnings)
      await invalidate(keys.status)
      await invalidate(keys.shares)
      break
    case 'activity':
      client.setQueryData<InfiniteData<AuditPage>>(keys.activity, (data) => data && withLine(data, event.entry))
      break
    case 'role':
      client.setQueryData<Status>(keys.status, (status) => status && {
        ...status, roles: [...status.roles.filter(({ name }) => name !== event.role.name), event.role].toSorted((a, b) => a.name.localeCompare(b.name)),
      })
      break
    case 'disks':
      await Promise.all([keys.disks, keys.pool, keys.onDisks([])].map(invalidate))
      break
    case 'files':
      folderChanged(client, event)
      break
    case 'missed':
      await client.invalidateQueries()
      break
  }
}

function withLine(data: InfiniteData<AuditPage>, entry: AuditEntry): InfiniteData<AuditPage> {
  const [first, ...rest] = data.pages
  if (!first || first.items.some(({ number }) => number === entry.number)) return data
  return { ...data, pages: [{ ...first, items: [entry, ...first.items] }, ...rest] }
}

/** Time in which changes of folders are gathered, in milliseconds: an upload of many files reads the list a few times a second, not once a file. */
const GATHER_MS = 300

let gathered = new Map<string, readonly unknown[] | undefined>()

/** The same for the timeline, of which each look costs the box more. */
const GATHER_MEDIA_MS = 2000

let mediaChanges = false

function mediaChanged(client: QueryClient): void {
  if (mediaChanges) return
  mediaChanges = true
  setTimeout(() => {
    mediaChanges = false
    void client.invalidateQueries({ queryKey: keys.media })
  }, GATHER_MEDIA_MS)
}

function folderChanged(client: QueryClient, event: { space: string; folder: string }): void {
  mediaChanged(client)
  if (gathered.size === 0) {
    setTimeout(() => {
      const changed = gathered
      gathered = new Map()
      void client.invalidateQueries({ queryKey: keys.trash })
      for (const key of changed.values()) {
        // A space that is not known yet may be anywhere in the tree.
        void client.invalidateQueries(key ? { queryKey: key, exact: true } : { queryKey: keys.folders })
      }
    }, GATHER_MS)
  }
  gathered.set(`${event.space}/${event.folder}`, folderKey(client, event))
}

/** The key of a space's folder in the person's own tree. */
function folderKey(client: QueryClient, { space, folder }: { space: string; folder: string }): readonly unknown[] | undefined {
  const found = client.getQueryData<SpaceEntry[]>(keys.spaces)?.find(({ id }) => id === space)
  const names = folder.split('/').filter((name) => name !== '')
  const root = client.getQueryData<Listing>(keys.folder([]))?.entries
  return found && keys.folder(found.kind === 'shared' ? [mountName(found.name, root), ...names] : names)
}
