import { queryOptions } from '@tanstack/react-query'
import { call, get, post, remove } from '@/api/http'
import { keys } from '@/api/keys'
import type { AppView, InstallApp, StoreEntry } from '@/api/types'

/** The box does not tell of apps by itself, so they are looked at again while somebody looks at them, in milliseconds. */
const LOOK_MS = 5_000
/** And while something is being done to one. */
const FOLLOW_MS = 1_500
/** How often a log that is seen is read again, in milliseconds. */
const FOLLOW_LOG_MS = 3_000
/** Lines of a log: as many as somebody reads through. */
const LOG_LINES = 400
/** Apps on a page of the store. */
export const STORE_PAGE = 24

const moves = (app: AppView): boolean => app.work != null || app.state === 'installing' || app.state === 'starting'

export const appsQuery = queryOptions({
  queryKey: keys.appList,
  queryFn: () => get('/api/v1/apps'),
  staleTime: FOLLOW_MS,
  refetchInterval: ({ state: { data } }) => data?.apps.some(moves) === true ? FOLLOW_MS : LOOK_MS,
})

export const appQuery = (id: string) => queryOptions({
  queryKey: keys.app(id),
  queryFn: () => get('/api/v1/apps/{app}', { params: { app: id } }),
  staleTime: FOLLOW_MS,
  refetchInterval: ({ state: { data } }) => data !== undefined && moves(data) ? FOLLOW_MS : LOOK_MS,
})

/** The last lines that an app wrote, of one part where one is named; read again and again while somebody sees them. */
export const appLogQuery = (id: string, part: string, search: string) => queryOptions({
  queryKey: keys.appLog(id, part, search),
  queryFn: ({ signal }) => get('/api/v1/apps/{app}/log', {
    params: { app: id }, query: { tail: LOG_LINES, service: part === '' ? undefined : part, search: search === '' ? undefined : search }, signal,
  }),
  staleTime: 0,
  gcTime: 0,
  refetchInterval: FOLLOW_LOG_MS,
})

/** What somebody needs to sign in to an app. It is forgotten as soon as nobody looks at it. */
export const appSecretsQuery = (id: string) => queryOptions({
  queryKey: keys.appSecrets(id), queryFn: () => get('/api/v1/apps/{app}/secrets', { params: { app: id } }), staleTime: 0, gcTime: 0,
})

export const restartApp = (id: string) => post('/api/v1/apps/{app}/restart', undefined, { params: { app: id } })

/** Takes an app away. What it has kept stays. */
export const uninstallApp = (id: string) => remove('/api/v1/apps/{app}', { params: { app: id } })

export const storeQuery = (search: string, category: string, from: number) => queryOptions({
  queryKey: keys.storePage(search, category, from),
  queryFn: ({ signal }) => get('/api/v1/catalogs/apps', {
    query: { search: search === '' ? undefined : search, category: category === '' ? undefined : category, from, limit: STORE_PAGE }, signal,
  }),
})

export const storeAppQuery = (catalog: string, app: string) => queryOptions({
  queryKey: keys.storeApp(catalog, app), queryFn: () => get('/api/v1/catalogs/{catalog}/apps/{app}', { params: { catalog, app } }),
})

export const catalogsQuery = queryOptions({ queryKey: keys.catalogs, queryFn: () => get('/api/v1/catalogs') })

/** Removes a catalogue. Apps that were installed from it stay. */
export const removeCatalog = (catalog: string) => remove('/api/v1/catalogs/{catalog}', { params: { catalog } })

/** What an install would mean, as the box judges it now. */
export const installPlanQuery = ({ app, spec }: StoreEntry) => queryOptions({
  queryKey: keys.installPlan(app.catalog, app.id),
  queryFn: () => post('/api/v1/apps', { spec }, { query: { dry_run: true } }),
  gcTime: 0,
  retry: false,
})

/** Begins an install. How far it is stands with the app. */
export const installApp = async (asked: InstallApp): Promise<void> => { await call('post', '/api/v1/apps', { json: asked }) }
