/** The pages of apps: the launcher, one app with every change of it, and the store with an install, on a fake of five apps and a catalogue. */
import type { Locator, Page, Route } from '@playwright/test'
import { box, owner } from './box.ts'
import { apps, FakeApps, valueRefused } from './fakeApps.ts'
import { expectReadable } from './readable.ts'
import { expect, test } from './test.ts'

const headline = (page: Page, words: string | RegExp): Locator => page.getByRole('heading', { level: 1, name: words })
const card = (page: Page, title: string): Locator => page.locator('section').filter({ has: page.getByRole('heading', { level: 2, name: title, exact: true }) })
const installed = (page: Page): Locator => page.getByRole('list', { name: 'Installed' })
const door = (page: Page, name: string): Locator => installed(page).getByRole('listitem').filter({ hasText: name })

async function open(page: Page, address: string, change: (fake: FakeApps) => void = () => { /* As it is. */ }): Promise<FakeApps> {
  const fake = new FakeApps()
  change(fake)
  await fake.answer(page)
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.goto(address)
  return fake
}

/** The browser believes that somebody is signed in who governs nothing. */
const asMember = (page: Page): Promise<unknown> => page.route('**/api/v1/session', (route) =>
  route.request().method() === 'GET' ? route.fulfill({ json: { person: 'p2', name: 'ben', display_name: 'Ben', id: 'x', role: 'member', scopes: ['files', 'account'] } }) : route.fallback())

test.describe('the launcher', () => {
  test('each app is a door with its state in a word, and what comes says how far it is', async ({ page, context }) => {
    await context.route('**/open/photos', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>x</title><h1>The photos themselves</h1>' }))
    const fake = await open(page, '/apps')
    await expect(headline(page, 'Vault is not well.')).toBeVisible()
    for (const [name, word] of [['Photos+', 'runs'], ['Notes', 'stopped'], ['Vault', 'not open to you'], ['Relay', 'no page of its own'], ['Recipes', 'being installed']] as const) await expect(door(page, name)).toContainText(word)
    const coming = card(page, 'Under way')
    await expect(coming).toContainText('Recipes is being installed')
    await expect(coming).toContainText('Fetches registry.example/recipes:1.')
    await expect(coming.getByRole('progressbar', { name: 'Recipes' })).toHaveAttribute('aria-valuenow', '41')
    fake.become('recipes', { work: null, state: 'running', wanted: { number: 3, name: 'Recipes' } })
    await expect(coming).toBeHidden()
    await expect(door(page, 'Recipes')).toContainText('runs')

    const [tab] = await Promise.all([context.waitForEvent('page'), door(page, 'Photos+').getByRole('link', { name: 'Photos+ runs (opens a new tab)' }).click()])
    await expect(tab.getByRole('heading', { name: 'The photos themselves' })).toBeVisible()
    await door(page, 'Notes').getByRole('link', { name: 'About Notes' }).click()
    await expect(headline(page, 'Notes')).toBeVisible()
  })

  test('without an app it leads to the store and to the command line', async ({ page }) => {
    await open(page, '/apps', (fake) => { fake.apps = [] })
    await expect(page.getByText('No app is installed.')).toBeVisible()
    await expect(page.getByText('croft app install DIR')).toBeVisible()
    await expectReadable(page)
    await page.getByRole('link', { name: 'Open the store' }).last().click()
    await expect(headline(page, 'Store')).toBeVisible()
  })

  test('a box that does not say it is asked again', async ({ page, complaints }) => {
    complaints.expect(/status of 503/)
    let away = true
    const fake = new FakeApps()
    await fake.answer(page)
    await page.route(/\/api\/v1\/apps$/, (route) => away ? route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', title: 'x', status: 503, code: 'role-unavailable', detail: 'The role apps is starting.' }) }) : route.fallback())
    await page.goto('/apps')
    await expect(page.getByRole('alert')).toContainText('The role apps is starting.')
    away = false
    await page.getByRole('button', { name: 'Try again' }).click()
    await expect(door(page, 'Photos+')).toBeVisible()
  })

  test('where nothing can run, it says why, and nothing is installed', async ({ page }) => {
    await open(page, '/apps', (fake) => { fake.engine = { is: 'away', why: 'Podman is not on this machine.' } })
    const note = page.getByRole('status').filter({ hasText: 'Apps cannot run on this box now.' })
    await expect(note).toContainText('Podman is not on this machine.')
    await expectReadable(page)
    await page.goto('/apps/store/orchard/films')
    await expect(note).toBeVisible()
    await expect(page.getByRole('button', { name: 'Install it' })).toHaveAttribute('aria-disabled', 'true')
    await expect(page.getByRole('button', { name: 'Install it' })).toHaveAttribute('title', 'Podman is not on this machine.')
  })

  test('Home shows the doors, and the finder finds an app', async ({ page }) => {
    await open(page, '/')
    const home = card(page, 'Apps')
    await expect(home.getByRole('link', { name: /Photos\+ runs/ })).toHaveAttribute('href', '/open/photos')
    await expectReadable(page)
    await page.keyboard.press('Control+k')
    await page.keyboard.type('photos+')
    await page.getByRole('option', { name: /Photos\+.*App/ }).click()
    await expect(headline(page, 'Photos+')).toBeVisible()
  })

  test('members see doors and nothing that changes anything', async ({ page }) => {
    await asMember(page)
    await open(page, '/apps', (fake) => { fake.become('vault', { wanted: { number: 4, name: 'Vault', open_to: 'people', people: ['p2'] } }) })
    await expect(door(page, 'Photos+').getByRole('link')).toHaveCount(1)
    await expect(door(page, 'Vault').getByRole('link')).toHaveAttribute('href', '/open/vault')
    await expect(door(page, 'Notes').getByRole('link')).toHaveCount(0)
    await expect(page.getByRole('link', { name: 'Open the store' })).toHaveCount(0)
    await expectReadable(page)
    await page.goto('/apps/photos')
    await expect(page.getByRole('link', { name: /^Open/ })).toBeVisible()
    await expect(page.getByText('Only an owner of this box sees and changes this.')).toBeVisible()
    await expect(page.getByRole('main').getByRole('button')).toHaveCount(0)
    await page.goto('/apps/store')
    await expect(page.getByText('Only an owner of this box sees and changes this.')).toBeVisible()
  })
})

test.describe('one app', () => {
  test('says how each part is, and is stopped, started and started again', async ({ page }) => {
    const fake = await open(page, '/apps/photos')
    const how = card(page, 'How it is')
    await expect(how).toContainText('All is well.')
    const parts = how.getByRole('list', { name: 'Parts' }).getByRole('listitem')
    await expect(parts.filter({ hasText: 'server' })).toContainText('well')
    await expect(parts.filter({ hasText: 'database' })).toContainText('started again by itself 2 times')
    await how.getByRole('button', { name: 'Start again' }).click()
    await expect.poll(() => fake.restarts).toEqual(['photos'])
    await how.getByRole('button', { name: 'Stop' }).click()
    await expect(how).toContainText('It is stopped. What it has kept stays.')
    await expect(page.getByRole('link', { name: /^Open/ })).toHaveCount(0)
    await how.getByRole('button', { name: 'Start', exact: true }).click()
    await expect(how).toContainText('All is well.')
    expect(fake.patches).toEqual([{ match: '"1"', patch: { photos: { running: false } } }, { match: '"2"', patch: { photos: { running: true } } }])
  })

  test('its way out is opened and closed, with what it means and what was counted', async ({ page }) => {
    const fake = await open(page, '/apps/photos')
    const way = card(page, 'The way out')
    await expect(way).toContainText('Nothing leaves the app’s own network')
    for (const words of ['18.2 MB', '1.3 MB', '4,711']) await expect(way).toContainText(words)
    await way.getByRole('button', { name: 'Open the way out' }).click()
    await expect(way).toContainText('It reaches the internet, and may send there what it knows.')
    await way.getByRole('button', { name: 'Close the way out' }).click()
    await expect(way).toContainText('Nothing leaves the app’s own network')
    expect(fake.patches.map(({ patch }) => patch)).toEqual([{ photos: { way_out: 'open' } }, { photos: { way_out: 'closed' } }])
  })

  test('who gets to it is chosen, with a word of warning where that is everybody', async ({ page }) => {
    const fake = await open(page, '/apps/photos')
    const access = card(page, 'Who gets to it')
    const save = access.getByRole('button', { name: 'Save' })
    await expect(access.getByLabel('Everybody of the household')).toBeChecked()
    await access.getByLabel('Some people').check()
    await expect(save).toHaveAttribute('aria-disabled', 'true')
    await access.getByLabel(owner.displayName).check()
    await save.click()
    await expect.poll(() => fake.patches.at(-1)?.patch).toEqual({ photos: { open_to: 'people', people: ['p1'] } })
    await expect(access.getByLabel(owner.displayName)).toBeChecked()
    // The form is drawn anew once the change is known to be in force.
    await expect(save).not.toHaveAttribute('aria-busy', 'true')
    await access.getByLabel('Everybody, without a sign-in').check()
    await expect(access.getByRole('status')).toContainText('Only the app itself can then keep anybody out.')
    await expectReadable(page)
    await save.click()
    await expect.poll(() => fake.patches.at(-1)?.patch).toEqual({ photos: { open_to: 'public', people: null } })
  })

  test('a change that somebody else was quicker with is not made', async ({ page }) => {
    const fake = await open(page, '/apps/photos')
    const way = card(page, 'The way out')
    await expect(way.getByRole('button')).toBeVisible()
    fake.change({ photos: { way_out: 'open' } })
    await way.getByRole('button', { name: 'Open the way out' }).click()
    await expect(page.getByText('This was changed elsewhere in the meantime.')).toBeVisible()
    await expect(way.getByRole('button', { name: 'Close the way out' })).toBeVisible()
    expect(fake.patches).toEqual([])
  })

  test('what it may do is said, its values are shown when asked for, and its log is searched and followed', async ({ page }) => {
    const fake = await open(page, '/apps/photos')
    await expect(card(page, 'What it may do')).toContainText('It may change its network: addresses, routes and filters.')
    const values = card(page, 'To sign in to it')
    await expect(values).not.toContainText('correct horse')
    await values.getByRole('button', { name: 'Show' }).click()
    await expect(values).toContainText('correct horse')
    await expectReadable(page)
    await values.getByRole('button', { name: 'Hide' }).click()
    await expect(values).not.toContainText('correct horse')
    const log = card(page, 'What it wrote last')
    await log.scrollIntoViewIfNeeded()
    const lines = log.getByRole('list', { name: 'Lines of the log' }).getByRole('listitem')
    await expect(lines).toHaveCount(2)
    fake.lines = [...fake.lines, { service: 'server', text: 'A second picture came.' }]
    await expect(lines).toHaveCount(3)
    await log.getByLabel('Search in it').fill('CHECKPOINT')
    await expect(lines).toHaveText([/database\s*A checkpoint is done\./])
    await log.getByLabel('Search in it').fill('nothing like it')
    await expect(log).toContainText('No line has “nothing like it” in it.')
    await log.getByLabel('Search in it').fill('')
    await log.getByLabel('Part').selectOption('server')
    await expect(lines).toHaveText([/Listens on port 8080\./, 'A second picture came.'])
  })

  test('one that is not well says why, and what failed last', async ({ page }) => {
    await open(page, '/apps/vault', (fake) => { fake.become('vault', { failed: { kind: 'install', at: new Date().toISOString(), why: 'The registry does not answer.' } }) })
    const how = card(page, 'How it is')
    await expect(how).toContainText('The part vault ends again and again.')
    await expect(how).toContainText('It could not be installed, this minute.')
    await expect(how).toContainText('The registry does not answer.')
  })

  test('it is uninstalled once that was asked back, and is not there any more', async ({ page }) => {
    await open(page, '/apps/photos')
    await page.getByRole('button', { name: 'Uninstall' }).click()
    const asked = page.getByRole('dialog', { name: 'Uninstall Photos+?' })
    await expect(asked).toContainText('What it has kept stays on the box')
    await expectReadable(page)
    await asked.getByRole('button', { name: 'Uninstall' }).click()
    await expect(page).toHaveURL(/\/apps$/)
    await expect(door(page, 'Notes')).toBeVisible()
    await expect(door(page, 'Photos+')).toHaveCount(0)
    await page.goto('/apps/photos')
    await expect(page.getByText('There is no such app on this box.')).toBeVisible()
    await expectReadable(page)
  })
})

test.describe('the store', () => {
  test('apps are looked for, by words and category, a page at a time, with what each asks for', async ({ page }) => {
    await open(page, '/apps/store')
    const list = page.getByRole('list', { name: 'Store' })
    const line = (name: string): Locator => list.getByRole('listitem').filter({ has: page.getByRole('link', { name, exact: true }) })
    await expect(page.getByText('1 to 24 of 33 apps')).toBeVisible()
    await expect(line('Films')).toContainText('It may change its network')
    await expect(line('Gate')).toContainText('Gate asks for what no wall holds')
    await expect(line('Gate')).toContainText('not for this box')
    await expect(line('Photos+')).toContainText('installed')
    await expect(line('Tool 1')).toContainText('It asks for nothing beyond its own network and data.')
    await page.getByRole('button', { name: 'After' }).click()
    await expect(page.getByText('25 to 33 of 33 apps')).toBeVisible()
    await page.getByLabel('Category').selectOption('tools (30)')
    await expect(page.getByText('1 to 24 of 30 apps')).toBeVisible()
    await page.getByLabel('Search').fill('tool 2')
    await expect(page.getByText('1 to 11 of 11 apps')).toBeVisible()
    await line('Tool 21').getByRole('link').click()
    await expect(headline(page, 'Tool 21')).toBeVisible()
    await page.getByRole('link', { name: 'Store' }).click()
    await expect(page.getByLabel('Search')).toHaveValue('tool 2')
    await page.getByLabel('Search').fill('nothing like it')
    await expect(page.getByText('No app is called that.')).toBeVisible()
    await page.getByRole('button', { name: 'Show all' }).click()
    await expect(page.getByText('1 to 24 of 33 apps')).toBeVisible()
  })

  test('without a catalogue it says how one is handed over, and a catalogue is removed', async ({ page }) => {
    await open(page, '/apps/store')
    const catalogs = card(page, 'Catalogues')
    await expect(catalogs).toContainText('33 apps · handed over 1 hour ago · a folder of Ana')
    await catalogs.getByRole('button', { name: 'Remove: orchard' }).click()
    const asked = page.getByRole('dialog', { name: 'Remove the catalogue “orchard”?' })
    await expect(asked).toContainText('Apps that were installed from it stay.')
    await asked.getByRole('button', { name: 'Remove' }).click()
    await expect(page.getByText('No catalogue is here yet.')).toBeVisible()
    await expect(page.getByText('croft app catalog add DIR --name NAME')).toBeVisible()
    await expectReadable(page)
  })

  test('each permission is granted by itself, the questions are answered, and the install is followed on the page of the app', async ({ page }) => {
    const fake = await open(page, '/apps/store/orchard/films')
    const form = card(page, 'Install')
    const install = form.getByRole('button', { name: 'Install it' })
    await expect(install).toHaveAttribute('aria-disabled', 'true')
    await form.getByLabel('It may change its network: addresses, routes and filters.').check()
    await expect(install).toHaveAttribute('aria-disabled', 'true')
    await form.getByLabel(/^Its UDP port 51820/).check()
    await expect(install).not.toHaveAttribute('aria-disabled', 'true')

    await expect(form.getByLabel('Title of the page')).toHaveValue('Films')
    await form.getByLabel('Films on a page').fill('many')
    await install.click()
    await expect(form.getByRole('alert')).toHaveText(['This must be filled in.', 'This is a whole number.', 'This must be filled in.'])
    await expectReadable(page)
    await expect(form.getByLabel('Password of the first account')).toHaveAttribute('type', 'password')
    await form.getByLabel('Password of the first account').fill('a long one ')
    await form.getByLabel('Films on a page').fill('90')
    await form.getByLabel('Size of the pictures').selectOption('Large')
    fake.refuses = valueRefused
    await install.click()
    await expect(form.getByRole('alert')).toHaveText(['Films on a page is a number of at most 50.'])
    fake.refuses = undefined
    await form.getByLabel('Films on a page').fill('30')
    await form.getByLabel('Let others make accounts').selectOption('Yes')
    await install.click()
    await expect(headline(page, 'Films')).toBeVisible()
    await expect(page).toHaveURL(/\/apps\/films$/)
    expect(fake.installs).toEqual([{ spec: { id: 'films' }, values: { ADMIN: 'a long one ', PAGES: '30', SIZE: 'l', SIGNUP: 'true' }, granted: ['capability', 'lan-port'], source: 'orchard' }])
    const how = card(page, 'How it is')
    await expect(how.getByRole('progressbar', { name: 'Films' })).toHaveAttribute('aria-valuenow', '25')
    await expect(how).toContainText('25%')
    fake.become('films', { work: null, state: 'running', wanted: { number: 9, name: 'Films', running: true } })
    await expect(how).toContainText('All is well.')
  })

  test('one that cannot be had says why and offers no install, and one that is here leads to it', async ({ page }) => {
    await open(page, '/apps/store/orchard/gate')
    await expect(card(page, 'Install')).toContainText('Gate asks for what no wall holds (privileged), which this box does not give.')
    await expect(page.getByRole('button', { name: 'Install it' })).toHaveCount(0)
    await expectReadable(page)
    await page.goto('/apps/store/orchard/photos')
    await page.getByRole('link', { name: 'About Photos+' }).click()
    await expect(page).toHaveURL(/\/apps\/photos$/)
    await page.goto('/apps/store/orchard/nobody')
    await expect(page.getByText('No app is called that.')).toBeVisible()
  })
})

test.describe('the address that opens an app', () => {
  /** Answers as the gateway does: the app for whom it knows, the box's own page for everybody else. */
  const gateway = (page: Page, knows: () => boolean): Promise<unknown> => page.route('**/open/photos*', async (route: Route) => {
    if (knows()) await route.fulfill({ contentType: 'text/html', body: `<!doctype html><title>x</title><h1>The photos themselves</h1><p>${new URL(route.request().url()).search}</p>` })
    else await route.continue({ url: `${box.url}/` })
  })

  for (const [title, knows] of [['the same address leads on after the sign-in', true], ['a box that never leads on is not asked in a circle', false]] as const) {
    test(title, async ({ browser, complaints }) => {
      const context = await browser.newContext({ storageState: { cookies: [], origins: [] } })
      await complaints.watch(context)
      const page = await context.newPage()
      let signedIn = false
      let loads = 0
      page.on('response', (response) => { if (response.url().endsWith('/api/v1/session') && response.request().method() === 'POST') signedIn ||= response.ok() })
      await gateway(page, () => { loads += 1; return signedIn && knows })
      await page.goto('/open/photos?to=%2Falbum%3Fa%3D1&way=x')
      await page.getByLabel('Name', { exact: true }).fill(owner.name)
      await page.getByLabel('Passphrase').fill(owner.passphrase)
      await page.getByRole('button', { name: 'Sign in' }).click()
      if (knows) {
        await expect(page.getByRole('heading', { name: 'The photos themselves' })).toBeVisible()
        await expect(page.getByText('?to=%2Falbum%3Fa%3D1&way=x')).toBeVisible()
      } else {
        await expect(headline(page, 'The app does not open.')).toBeVisible()
        await expectReadable(page)
        await page.getByRole('link', { name: 'All apps' }).click()
        await expect(page).toHaveURL(/\/apps$/)
      }
      expect(loads).toBe(2)
      await context.close()
    })
  }
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [address, whole] of [['/apps', 'Installed'], ['/apps/photos', 'The way out'], ['/apps/vault', 'How it is'], ['/apps/recipes', 'How it is'], ['/apps/store', 'Catalogues'], ['/apps/store/orchard/films', 'Install']] as const) {
    test(`${address} can be read by everybody and fits on a phone, ${colorScheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme })
      await open(page, address)
      await expect(card(page, whole)).toBeVisible()
      if (address === '/apps/photos') {
        await card(page, 'What it wrote last').scrollIntoViewIfNeeded()
        await expect(page.getByRole('list', { name: 'Lines of the log' })).toBeVisible()
      }
      await expectReadable(page)
      await page.setViewportSize({ width: 360, height: 740 })
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
      await expectReadable(page)
    })
  }
}

test('the pages speak German, too', async ({ page }) => {
  await page.addInitScript(() => { localStorage.setItem('croft-language', 'de') })
  await open(page, `/apps/${apps.photos.id}`)
  await expect(card(page, 'Der Weg hinaus')).toContainText('Nichts verlässt das eigene Netz der App')
  await page.getByRole('link', { name: 'Apps' }).first().click()
  await expect(headline(page, 'Vault geht es nicht gut.')).toBeVisible()
})
