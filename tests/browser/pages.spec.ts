/** Every page: readable by everybody, in light and dark, by keyboard alone, on a phone. */
import type { Page } from '@playwright/test'
import { expectReadable } from './readable.ts'
import { expect, test } from './test.ts'

/** The pages by address, with what shows that they are whole. */
const pages = [
  ['/', (page: Page) => page.getByRole('heading', { level: 1, name: /well|look|needs/ })],
  ['/files', (page: Page) => page.getByRole('heading', { level: 1, name: 'Your files' })],
  ['/apps', (page: Page) => page.getByRole('heading', { level: 1, name: /app/i })],
  ['/storage', (page: Page) => page.getByRole('heading', { level: 1, name: /kept|leaves/ })],
  ['/trash', (page: Page) => page.getByRole('heading', { level: 1, name: 'Trash' })],
  ['/links', (page: Page) => page.getByRole('heading', { level: 1, name: 'Links' })],
  ['/photos', (page: Page) => page.getByRole('heading', { level: 1, name: 'Photos' })],
  ['/activity', (page: Page) => page.getByText('wrote down its recovery kit')],
  ['/repairs', (page: Page) => page.getByRole('heading', { level: 1, name: /repair/i })],
  ['/settings', (page: Page) => page.getByLabel('Name on the network')],
  ['/settings/people', (page: Page) => page.getByText('Owner', { exact: true })],
  ['/settings/spaces', (page: Page) => page.getByRole('button', { name: 'Make a shared space' }).first()],
  ['/settings/account', (page: Page) => page.getByText('this one')],
  ['/settings/door', (page: Page) => page.getByLabel('Further names')],
  ['/settings/network', (page: Page) => page.getByLabel('Time zone')],
  ['/recover', (page: Page) => page.getByLabel('The 24 words')],
  ['/join', (page: Page) => page.getByLabel('Invitation code')],
  ['/grant#nobody', (page: Page) => page.getByText('No device waits here any more')],
  ['/nothing/here', (page: Page) => page.getByText('There is nothing at this address.')],
] as const

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [address, whole] of pages) {
    test(`${address} can be read by everybody, ${colorScheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.goto(address)
      await expect(whole(page)).toBeVisible()
      await expectReadable(page)
    })
  }
}

test('dialogs and the palette can be read by everybody', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.goto('/settings/people')
  const check = (): Promise<void> => expectReadable(page)
  await page.getByRole('button', { name: 'Add a person' }).click()
  await expect(page.getByRole('dialog')).toBeVisible()
  await check()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toBeHidden()
  await page.keyboard.press('Control+k')
  await expect(page.getByRole('combobox')).toBeFocused()
  await check()
})

test('Ctrl-K finds a page and goes there', async ({ page }) => {
  await page.goto('/')
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.keyboard.press('Control+k')
  await page.keyboard.type('door')
  await expect(page.getByRole('option', { selected: true })).toContainText('The door')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/settings\/door$/)
  await expect(page.getByRole('combobox')).toHaveCount(0)
})

test('the keyboard alone walks from the skip link through the rail and changes a setting', async ({ page }) => {
  await page.goto('/')
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused()
  const tabTo = async (name: string): Promise<void> => {
    for (let step = 0; step < 30; step += 1) {
      await page.keyboard.press('Tab')
      const label = await page.evaluate(() => document.activeElement?.textContent ?? '')
      if (label.includes(name)) return
    }
    throw new Error(`Tab never came to ${name}`)
  }
  await tabTo('Settings')
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle)
  expect(outline).toBe('solid')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible()
  await expect(page.getByRole('main')).toBeFocused()
  await tabTo('As this device')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await page.reload()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
})

test('the words change with the language and stay changed', async ({ page }) => {
  await page.goto('/settings')
  await page.getByLabel('Language', { exact: true }).selectOption('Deutsch')
  await expect(page.getByRole('heading', { level: 1, name: 'Einstellungen' })).toBeVisible()
  await expect(page.locator('html')).toHaveAttribute('lang', 'de')
  await page.reload()
  await expect(page.getByRole('heading', { level: 1, name: 'Einstellungen' })).toBeVisible()
})

test('on a phone nothing sticks out and the bar is at the bottom', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 })
  for (const address of ['/', '/files', '/storage', '/photos', '/activity', '/settings', '/settings/people', '/settings/account']) {
    await page.goto(address)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    expect(await page.evaluate(() => document.documentElement.scrollWidth), address).toBeLessThanOrEqual(360)
    const bar = await page.getByRole('navigation', { name: 'Main' }).boundingBox()
    expect((bar?.y ?? 0) + (bar?.height ?? 0), address).toBeGreaterThan(700)
  }
  await expectReadable(page)
})

test('a box that does not answer is said calmly, and the page goes on when it does', async ({ page, complaints }) => {
  complaints.expect(/ERR_(INTERNET_DISCONNECTED|FAILED|NETWORK)/)
  await page.goto('/activity')
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await page.route(/\/(api|healthz)/, (route) => route.abort('internetdisconnected'))
  await page.getByRole('link', { name: 'Repairs' }).click()
  await expect(page.getByText(/The box does not answer/)).toBeVisible()
  await page.unroute(/\/(api|healthz)/)
  await expect(page.getByText(/The box does not answer/)).toBeHidden()
  await expect(page.getByRole('heading', { level: 1, name: /repair/i })).toBeVisible()
})
