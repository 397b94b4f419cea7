import { queryOptions } from '@tanstack/react-query'
import { call } from '@/api/http'
import { keys } from '@/api/keys'
import { settled } from '@/api/settled'
import type {
  BoxSettings,
  DoorSettings,
  HostedApp,
  NetworkSettings,
  NotifySettings,
  Person,
  ShareSettings,
  SnapshotSettings,
  Space,
  TimeSettings,
} from '@/api/types'

/** The sections of the settings document. What may be left out when it is sent is always there when it is read. */
export interface Sections {
  box: Required<BoxSettings>
  people: Record<string, Person>
  spaces: Record<string, Space>
  door: Required<DoorSettings>
  network: NetworkSettings
  time: Required<TimeSettings>
  snapshots: Required<SnapshotSettings>
  shares: Required<ShareSettings>
  apps: Record<string, HostedApp>
  notify: NotifySettings & Required<Pick<NotifySettings, 'webhooks'>>
}

/** A section with the ETag that a change of it must name. */
export interface Section<Name extends keyof Sections> { value: Sections[Name]; etag: string }

/** A merge patch (RFC 7396): what to set, with `null` for what to remove. */
export type Patch<T> = { [Key in keyof T]?: PatchOf<NonNullable<T[Key]>> | null }
type PatchOf<T> = T extends readonly unknown[] ? T : T extends object ? Patch<T> : T

export const sectionQuery = <Name extends keyof Sections>(name: Name) => queryOptions({
  queryKey: keys.section(name),
  queryFn: async (): Promise<Section<Name>> => {
    const { body, etag } = await call('get', '/api/v1/settings/{section}', { params: { section: name } })
    // The path says which section it is, the description of the API only that it is one of them.
    return { value: body as unknown as Sections[Name], etag: etag ?? '*' }
  },
})

/** Changes a section that still is as it was seen; resolves when the change's event is back. Throws 412 when it is not. */
export const patchSection = <Name extends keyof Sections>(name: Name, etag: string, patch: Patch<Sections[Name]>) => settled(() =>
  call('patch', '/api/v1/settings/{section}', {
    params: { section: name }, json: patch, headers: { 'If-Match': etag, 'Content-Type': 'application/merge-patch+json' },
  }))
