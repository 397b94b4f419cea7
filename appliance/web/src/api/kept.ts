import { queryOptions } from '@tanstack/react-query'
import { dav } from '@/api/dav'
import { keys } from '@/api/keys'
import { parseTrash, parseVersions, TRASH_BODY, VERSIONS_BODY, type TrashItem, type Version } from '@/lib/kept'
import { decodePath, encodePath, type Path } from '@/lib/path'

const trashBase = (person: string): string => `/dav/trash/${encodePath([person])}`
const versionsBase = (person: string): string => `/dav/versions/${encodePath([person])}`
const listed = (body: string, signal: AbortSignal): RequestInit => ({ signal, body, headers: { Depth: '1', 'Content-Type': 'application/xml; charset=utf-8' } })

/** What was deleted in one's own space and in the shared ones that one may change. */
export const trashQuery = (person: string) => queryOptions({
  queryKey: keys.trash,
  queryFn: async ({ signal }): Promise<TrashItem[]> => {
    const response = await dav('PROPFIND', `${trashBase(person)}/`, listed(TRASH_BODY, signal))
    return parseTrash(await response.text())
  },
})

/** Brings an item of the trash back, and gives the place inside its space where it is now. */
export async function restoreItem(person: string, address: string): Promise<Path> {
  const response = await dav('MOVE', `${trashBase(person)}/${address}`, { headers: { Destination: `${trashBase(person)}/restore/${address}` } })
  return decodePath(response.headers.get('croft-place') ?? '') ?? []
}

/** Deletes an item for good. */
export const purgeItem = async (person: string, address: string): Promise<void> => { await dav('DELETE', `${trashBase(person)}/${address}`) }

/** Deletes all of the trash for good. */
export const emptyTrash = async (person: string): Promise<void> => { await dav('DELETE', `${trashBase(person)}/`) }

/** The earlier contents of a file. */
export const versionsQuery = (person: string, id: number) => queryOptions({
  queryKey: keys.versions(id),
  // It is looked at for a moment, and what it was then does not matter the next time.
  gcTime: 0,
  queryFn: async ({ signal }): Promise<Version[]> => {
    const response = await dav('PROPFIND', `${versionsBase(person)}/${String(id)}/`, listed(VERSIONS_BODY, signal))
    return parseVersions(await response.text())
  },
})

/** The address of an earlier content of a file. */
export const versionUrl = (person: string, id: number, version: Version): string => `${versionsBase(person)}/${String(id)}/${version.address}`

/** Makes an earlier content the one that the file has now. */
export const restoreVersion = async (person: string, id: number, version: Version): Promise<void> => {
  await dav('MOVE', versionUrl(person, id, version), { headers: { Destination: `${versionsBase(person)}/restore/target` } })
}
