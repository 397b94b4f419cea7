import { queryOptions } from '@tanstack/react-query'
import { get, post, remove } from '@/api/http'
import { keys } from '@/api/keys'
import type { components } from '@/api/generated/schema'
import { pathKey, type Path } from '@/lib/path'

/** A link, as the one who made it sees it. */
export type SharedLink = components['schemas']['LinkRow']
/** How a link shall be. */
export type LinkWish = components['schemas']['LinkWish']
export type LinkKind = components['schemas']['LinkKind']

/** All links of one's own, and those of others in spaces that one manages. */
export const linksQuery = queryOptions({ queryKey: keys.links, queryFn: () => get('/api/v1/links') })

/** Those to a file or folder and to what is below it. */
export const linksAtQuery = (path: Path) => queryOptions({
  queryKey: keys.linksAt(path),
  queryFn: () => get('/api/v1/links', { query: { path: pathKey(path) } }),
})

/** A link with everybody who used it. */
export const linkQuery = (id: string) => queryOptions({ queryKey: keys.link(id), queryFn: () => get('/api/v1/links/{id}', { params: { id } }) })

export const makeLink = (path: Path, wish: LinkWish): Promise<SharedLink> => post('/api/v1/links', { path: pathKey(path), ...wish })

export const revokeLink = (id: string): Promise<void> => remove('/api/v1/links/{id}', { params: { id } })

/** The address that is handed on. */
export const linkAddress = (link: SharedLink): string => `${window.location.origin}/s/${link.token}`
