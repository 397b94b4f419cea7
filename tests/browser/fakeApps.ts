/**
 * Apps in the states that matter, and a store beside them: what the box would say at `/api/v1/apps`, `/api/v1/catalogs` and `/api/v1/settings/apps`,
 * said by the browser instead. The shapes are the API's own, so they cannot drift; real apps are driven elsewhere.
 */
import type { Page, Route } from '@playwright/test'
import type { components } from '../../appliance/web/src/api/generated/schema.ts'

type Schemas = components['schemas']
export type App = Schemas['AppView']
export type Hosted = Schemas['HostedApp']
type Entry = Schemas['StoreEntry']
type Problem = Schemas['Problem']

const MINUTE_MS = 60_000
const ago = (minutes: number): string => new Date(Date.now() - minutes * MINUTE_MS).toISOString()

/** A generation of the settings that the box under test is far from. */
const FAR = 1_000_000

/** Apps on a page of the store. */
const PAGE = 24

const part = (name: string, state: string, restarts = 0): Schemas['AppService'] => ({ name, image: `registry.example/${name}:1`, state, restarts })

const app = (id: string, name: string, more: Partial<App> = {}): App => ({
  id, name, tagline: `${name} of the household.`, version: '1.4.2', source: 'orchard', state: 'running', services: [part(id, 'running')],
  hosts: [`${id}-hollyhock.local`, `${id}.localhost`], permissions: [], traffic: { received: 0, sent: 0, denied: 0 }, since: ago(3 * 24 * 60),
  wanted: { number: 1, name, running: true, way_out: 'closed', open_to: 'household' }, ...more,
})

const netAdmin = { word: 'capability', means: 'It may change its network: addresses, routes and filters.' }
const lanPort = { word: 'lan-port', means: 'Its UDP port 51820 answers everybody in the home network, without the box\'s sign-in.' }

export const apps = {
  photos: app('photos', 'Photos+', {
    services: [part('server', 'healthy'), part('database', 'running', 2)], traffic: { received: 18_200_000, sent: 1_300_000, denied: 4711 }, permissions: [netAdmin],
  }),
  notes: app('notes', 'Notes', { state: 'stopped', services: [part('notes', 'ended')], wanted: { number: 2, name: 'Notes', running: false } }),
  /** It comes just now, for the first time. */
  recipes: app('recipes', 'Recipes', { state: 'installing', services: [part('recipes', 'absent')], wanted: null, work: { kind: 'install', step: 'Fetches registry.example/recipes:1.', progress: { done: 41, total: 100 } } }),
  vault: app('vault', 'Vault', { state: 'failing', trouble: 'The part vault ends again and again.', services: [part('vault', 'ended', 6)], wanted: { number: 4, name: 'Vault', running: true, open_to: 'people', people: ['p999'] } }),
  /** A worker without a page. */
  relay: app('relay', 'Relay', { hosts: [] }),
}

const offer = (id: string, name: string, more: Partial<Schemas['StoreApp']> = {}, entry: Partial<Entry> = {}): Entry => {
  const shown: Schemas['StoreApp'] = { catalog: 'orchard', id, name, tagline: `${name} in a line.`, category: 'media', version: '2.0', developer: 'The makers', permissions: [], refused: [], ...more }
  return { app: shown, description: `What ${name} is.`, website: 'https://apps.example/', tips: '', images: [`registry.example/${id}:2`], questions: [], remarks: [], spec: { id } as never, ...entry }
}

const question = (key: string, label: string, kind: string, more: Partial<Schemas['StoreQuestion']> = {}): Schemas['StoreQuestion'] => ({ key, label, hint: '', kind, required: false, choices: [], ...more })

export const offers: Entry[] = [
  offer('films', 'Films', { permissions: [netAdmin, lanPort] }, {
    tips: 'Make an account the first time.', remarks: ['The key x-theme is not taken over.'],
    questions: [
      question('TITLE', 'Title of the page', 'text', { default: 'Films', hint: 'It stands at the top.' }), question('ADMIN', 'Password of the first account', 'password', { required: true }), question('PAGES', 'Films on a page', 'number'),
      question('SIZE', 'Size of the pictures', 'text', { required: true, choices: [{ value: 's', label: 'Small' }, { value: 'l', label: 'Large' }] }), question('SIGNUP', 'Let others make accounts', 'switch', { default: 'false' }),
    ],
  }),
  offer('gate', 'Gate', { category: 'network', refused: ['Gate asks for what no wall holds (privileged), which this box does not give.'], permissions: [{ word: 'privileged', means: 'It may do whatever the box itself may do: it is not contained.' }] }),
  offer('photos', 'Photos+', { installed: '1.4.2' }),
  ...Array.from({ length: 30 }, (_, n) => offer(`tool-${String(n)}`, `Tool ${String(n)}`, { category: 'tools' })),
]

const problem = (status: number, code: string, detail: string, key?: string): Problem => ({
  type: `https://croft.example/problems/${code}`, title: detail, status, code, detail, ...(key === undefined ? {} : { key }),
})

/** The box's answers about apps. A test changes what it likes between looks. */
export class FakeApps {
  apps: App[] = Object.values(apps)
  engine: Schemas['EngineState'] = { is: 'ready', version: 'Podman 5' }
  catalogs: Schemas['CatalogView'][] = [{ name: 'orchard', source: 'a folder of Ana', apps: offers.length, since: ago(80) }]
  lines: Schemas['AppLine'][] = [{ at: ago(3), service: 'server', text: 'Listens on port 8080.' }, { at: ago(2), service: 'database', text: 'A checkpoint is done.' }]
  /** What was changed of the settings, with the edition that the change named. */
  readonly patches: { match: string | undefined; patch: unknown }[] = []
  readonly installs: Schemas['InstallApp'][] = []
  readonly restarts: string[] = []
  /** Stands in for the answer to an install. */
  refuses: Problem | undefined
  private edition = 1

  async answer(page: Page): Promise<void> {
    await page.addInitScript(() => {
      const listeners = window as unknown as { box?: EventSource }
      window.EventSource = class extends EventSource {
        constructor(address: string | URL) {
          super(address)
          listeners.box = this
        }
      }
    })
    await page.route(/\/api\/v1\/apps(\?|$)/, (route) => route.request().method() === 'POST' ? this.install(route) : json(route, 200, { engine: this.engine, apps: this.apps } satisfies Schemas['AppList']))
    await page.route(/\/api\/v1\/apps\/[^/]+$/, (route) => this.one(route))
    await page.route(/\/api\/v1\/apps\/[^/]+\/restart$/, (route) => {
      this.restarts.push(last(route, 1))
      return route.fulfill({ status: 204 })
    })
    await page.route(/\/api\/v1\/apps\/[^/]+\/secrets$/, (route) => json(route, 200, { secrets: [{ label: 'Name', value: 'admin' }, { label: 'Password', value: 'correct horse' }] } satisfies Schemas['AppSecrets']))
    await page.route(/\/api\/v1\/apps\/[^/]+\/log(\?|$)/, (route) => {
      const asked = new URL(route.request().url()).searchParams
      const has = ({ service, text }: Schemas['AppLine']): boolean => (asked.get('service') ?? service) === service && text.toLowerCase().includes((asked.get('search') ?? '').toLowerCase())
      return json(route, 200, { lines: this.lines.filter(has) } satisfies Schemas['AppLog'])
    })
    await page.route(/\/api\/v1\/settings\/apps$/, (route) => route.request().method() === 'PATCH' ? this.patch(route) : json(route, 200, this.hosted(), { ETag: `"${String(this.edition)}"` }))
    await page.route(/\/api\/v1\/catalogs$/, (route) => json(route, 200, { catalogs: this.catalogs } satisfies Schemas['CatalogList']))
    await page.route(/\/api\/v1\/catalogs\/apps(\?|$)/, (route) => json(route, 200, this.page(new URL(route.request().url()).searchParams)))
    await page.route(/\/api\/v1\/catalogs\/[^/]+\/apps\/[^/]+$/, (route) => {
      const found = offers.find((one) => one.app.id === last(route))
      return found ? json(route, 200, found) : refuse(route, problem(404, 'no-such-app', 'There is no such app.'))
    })
    await page.route(/\/api\/v1\/catalogs\/[^/]+$/, (route) => {
      if (route.request().method() !== 'DELETE') return route.fallback()
      this.catalogs = this.catalogs.filter(({ name }) => name !== last(route))
      return route.fulfill({ status: 204 })
    })
  }

  /** One app becomes another. */
  become(id: string, more: Partial<App>): void {
    this.apps = this.apps.map((one) => one.id === id ? { ...one, ...more } : one)
  }

  /** Changes what is wanted of apps, and tells nobody. */
  change(patch: Record<string, Record<string, unknown>>): void {
    this.edition += 1
    for (const [id, change] of Object.entries(patch)) {
      const wanted = Object.fromEntries(Object.entries({ ...this.apps.find((one) => one.id === id)?.wanted, ...change }).filter(([, value]) => value !== null)) as unknown as Hosted
      this.become(id, { wanted, state: wanted.running === false ? 'stopped' : 'running' })
    }
  }

  private hosted(): Record<string, Hosted> {
    return Object.fromEntries(this.apps.flatMap(({ id, wanted }) => wanted == null ? [] : [[id, wanted]]))
  }

  private one(route: Route): Promise<void> {
    const id = last(route)
    const found = this.apps.find((one) => one.id === id)
    if (!found) return refuse(route, problem(404, 'no-such-app', `There is no app ${id} on this box.`))
    if (route.request().method() !== 'DELETE') return json(route, 200, found)
    this.apps = this.apps.filter((one) => one !== found)
    return route.fulfill({ status: 204 })
  }

  /** A merge patch, as far as these pages make one. */
  private async patch(route: Route): Promise<void> {
    const match = route.request().headers()['if-match']
    const patch = route.request().postDataJSON() as Record<string, Record<string, unknown>>
    if (match !== `"${String(this.edition)}"`) return refuse(route, problem(412, 'settings-changed', 'The settings have changed since.'))
    this.patches.push({ match, patch })
    this.change(patch)
    await route.fulfill({ status: 204 })
    await tell(route.request().frame().page(), { kind: 'settings', generation: FAR + this.edition, sections: ['apps'] })
  }

  private install(route: Route): Promise<void> {
    const asked = route.request().postDataJSON() as Schemas['InstallApp']
    const found = offers.find((one) => one.app.id === (asked.spec as { id?: string }).id)
    if (!found) return refuse(route, problem(422, 'app-spec-invalid', 'The specification of the app cannot be read.'))
    const { id, name, permissions, refused } = found.app
    const plan: Schemas['InstallPlan'] = { app: id, name, permissions, images: found.images, refused }
    if (route.request().url().includes('dry_run=true')) return json(route, 200, plan)
    if (this.refuses) return refuse(route, this.refuses)
    this.installs.push(asked)
    this.apps = [...this.apps, app(id, name, { state: 'installing', wanted: null, services: [part(id, 'absent')], work: { kind: 'install', step: `Fetches registry.example/${id}:2.`, progress: { done: 1, total: 4 } } })]
    return json(route, 202, plan)
  }

  private page(asked: URLSearchParams): Schemas['StorePage'] {
    const [search, category, from] = [(asked.get('search') ?? '').toLowerCase(), asked.get('category'), Number(asked.get('from') ?? 0)]
    const found = offers.map((one) => one.app).filter((one) => one.name.toLowerCase().includes(search) && (category ?? one.category) === one.category)
    const categories: Record<string, number> = {}
    for (const { app: { category: of } } of offers) categories[of] = (categories[of] ?? 0) + 1
    return { apps: found.slice(from, from + PAGE), total: found.length, categories }
  }
}

export const valueRefused = problem(422, 'app-value-refused', 'Films on a page is a number of at most 50.', 'PAGES')

/** An event of the box, as its stream would bring it. */
const tell = (page: Page, event: Schemas['Event']): Promise<unknown> => page.evaluate((told) => {
  (window as unknown as { box?: EventSource }).box?.dispatchEvent(new MessageEvent(told.kind, { data: JSON.stringify(told) }))
}, event)

const last = (route: Route, before = 0): string => new URL(route.request().url()).pathname.split('/').at(-1 - before) ?? ''
const json = (route: Route, status: number, body: unknown, headers: Record<string, string> = {}): Promise<void> => route.fulfill({ status, json: body, headers })
const refuse = (route: Route, body: Problem): Promise<void> => route.fulfill({ status: body.status, contentType: 'application/problem+json', body: JSON.stringify(body) })
