/** Photos and folders of many: only what is seen is in the page and was read, wherever one jumps. */
import { closeSync, mkdirSync, openSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { box } from './box.ts'
import { fresh, makeSpace } from './folder.ts'
import { expectReadable } from './readable.ts'
import { expect, test } from './test.ts'

/** How many; `CROFT_PHOTOS=100000` for the size that is promised. */
const COUNT = Number(process.env['CROFT_PHOTOS'] ?? 5000)
/** Months that they lie in: from January 2015 on. */
const MONTHS = 120
/** Elements of a page that shows a screen full of photos, or of files, with everything around it. */
const MOST_ELEMENTS = 1500

const space = fresh('Album')

/** Which month a photo lies in; the first one has a quarter of all. */
const monthOf = (number: number): number => number < COUNT / 4 ? 0 : number % MONTHS
const dateOf = (number: number): Date => new Date(Date.UTC(2015, monthOf(number), 10, 12, 0, number % 3600))
const nameOf = (number: number): string => `${number % 2 === 0 ? 'IMG' : 'dsc'}_${String(number).padStart(6, '0')}.jpg`
const monthName = (month: number): string => new Date(Date.UTC(2015, month, 10)).toLocaleDateString('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' })
const inMonth = (month: number): number => Array.from({ length: COUNT }, (_, number) => number).filter((number) => monthOf(number) === month).length

/** What the API says to the page's own person. */
const ask = (page: Page, path: string): Promise<unknown> => page.evaluate(async (asked) => await fetch(asked).then((answer) => answer.json()) as unknown, path)
const elements = (page: Page): Promise<number> => page.evaluate(() => document.querySelectorAll('*').length)
const scrubber = (page: Page) => page.getByRole('slider', { name: 'Month' })
const region = (page: Page, month: number) => page.getByRole('region', { name: monthName(month) })

test.describe.configure({ mode: 'serial' })

test('a folder of many shows what is seen, and keys and letters lead through all of it', async ({ page }) => {
  test.setTimeout(120_000 + COUNT * 10)
  await makeSpace(page, space)
  const spaces = await ask(page, '/api/v1/spaces') as { id: string; name: string }[]
  const id = spaces.find(({ name }) => name === space)?.id ?? ''
  expect(id).not.toBe('')
  await page.goto(`/files/${encodeURIComponent(space)}`)
  await expect(page.getByRole('heading', { name: space })).toBeVisible()
  // As somebody does who fills the folder past the box, by Samba or a disk of their own.
  const folder = join(box.home, 'spaces', id, 'files', 'Many')
  mkdirSync(folder)
  for (let number = 0; number < COUNT; number += 1) {
    const file = join(folder, nameOf(number))
    closeSync(openSync(file, 'w'))
    utimesSync(file, dateOf(number), dateOf(number))
  }
  await page.goto(`/files/${encodeURIComponent(space)}/Many`)
  const list = page.getByRole('listbox', { name: 'Files and folders' })
  await expect(page.getByRole('option').first()).toHaveAttribute('aria-setsize', String(COUNT), { timeout: 30_000 + COUNT })
  expect(await elements(page)).toBeLessThan(MOST_ELEMENTS)
  await list.focus()
  await page.keyboard.press('End')
  await expect(page.locator(`[role=option][aria-posinset="${String(COUNT)}"]`)).toBeVisible()
  await page.keyboard.press('Home')
  await page.keyboard.press('i')
  await expect(page.locator('[role=option][data-cursor]')).toContainText('IMG_000000.jpg')
  await expect(page.locator('[role=option][data-cursor]')).toBeVisible()
  await page.keyboard.press('Shift+End')
  await expect(page.getByText(`${String(COUNT / 2)} selected`)).toBeVisible()
  expect(await elements(page)).toBeLessThan(MOST_ELEMENTS)
})

test('the timeline shows what is seen and reads no more, wherever one jumps', async ({ page }) => {
  test.setTimeout(120_000 + COUNT * 2)
  await page.goto('/')
  const asked: string[] = []
  page.on('request', (request) => { if (request.url().includes('/api/v1/photos/')) asked.push(request.url()) })
  await expect.poll(async () => {
    const { months } = await ask(page, '/api/v1/photos?zone=UTC') as { months: { month: string; photos: number }[] }
    return months.find(({ month }) => month === '2015-01')?.photos
  }, { timeout: 60_000 + COUNT }).toBe(inMonth(0))
  await page.goto('/photos')
  await expect(page.getByRole('group', { name: 'Timeline' })).toBeVisible()
  await expect(scrubber(page)).toHaveAttribute('aria-valuemax', /\d+/)
  expect(await elements(page)).toBeLessThan(MOST_ELEMENTS)

  // To the oldest month, by keys alone.
  await scrubber(page).focus()
  await page.keyboard.press('End')
  await expect(region(page, 0).getByRole('heading')).toBeInViewport()
  await expect(scrubber(page)).toHaveAttribute('aria-valuetext', `${monthName(0)}, ${String(inMonth(0))} photos`)
  const newest = Array.from({ length: COUNT }, (_, number) => number).filter((number) => monthOf(number) === 0).toSorted((a, b) => b % 3600 - a % 3600 || a - b)
  await expect(region(page, 0).getByRole('listitem').first()).toHaveAttribute('aria-setsize', String(inMonth(0)))
  const atTop = newest.filter((number) => number % 3600 === (newest[0] ?? 0) % 3600).map((number) => nameOf(number))
  await expect.poll(async () => await region(page, 0).locator('[aria-posinset="1"]').getByRole('button').getAttribute('aria-label')).toMatch(new RegExp(`^(${atTop.join('|')}), `))

  // A year on, and by a drag to the middle.
  await page.keyboard.press('PageUp')
  await expect(scrubber(page)).toHaveAttribute('aria-valuetext', new RegExp(`^${monthName(23)}, `))
  await expect(region(page, 23).getByRole('heading')).toBeInViewport()
  const track = await scrubber(page).boundingBox()
  if (!track) throw new Error('the scrubber is not drawn')
  await page.mouse.move(track.x + track.width / 2, track.y + track.height * 0.9)
  await page.mouse.down()
  await page.mouse.move(track.x + track.width / 2, track.y + track.height * 0.5, { steps: 8 })
  await page.mouse.up()
  await expect(scrubber(page)).toHaveAttribute('aria-valuetext', / 20(1[6-9]|2\d), \d+ photos$/)
  const named = (await scrubber(page).getAttribute('aria-valuetext'))?.split(',')[0] ?? ''
  await expect(page.getByRole('region', { name: named }).getByRole('button', { name: /\.jpg, / }).first()).toBeVisible()
  expect(await elements(page)).toBeLessThan(MOST_ELEMENTS)
  // What flew by was not read: some screens of a hundred photos each, not all of them.
  expect(asked.length).toBeLessThan(60)
})

test('keys lead from photo to photo and into the viewer, and everybody can read it', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.goto('/photos')
  const group = page.getByRole('group', { name: 'Timeline' })
  await expect(group.locator('[tabindex="0"][aria-label*=", "]')).toHaveCount(1)
  await scrubber(page).focus()
  await page.keyboard.press('End')
  await expect(region(page, 0).getByRole('heading')).toBeInViewport()
  const focused = () => page.evaluate(() => Number((document.activeElement as HTMLElement | null)?.dataset['at']))
  await page.keyboard.press('Shift+Tab')
  await expect.poll(focused).toBeGreaterThan(COUNT / 2)
  await page.keyboard.press('End')
  const last = await group.locator('[data-at]').evaluateAll((all) => Math.max(...all.map((one) => Number((one as HTMLElement).dataset['at']))))
  await expect.poll(focused).toBe(last)
  await page.keyboard.press('ArrowLeft')
  await expect.poll(focused).toBe(last - 1)
  await expect(page.locator(':focus')).toHaveAttribute('aria-label', /\.jpg, /)
  await expect(page.locator(':focus')).toBeInViewport()
  await expectReadable(page)
  await page.keyboard.press('Enter')
  const viewer = page.getByRole('dialog')
  await expect(viewer).toContainText(`${String(last)} of ${String(last + 1)}`)
  await page.keyboard.press('ArrowLeft')
  await expect(viewer).toContainText(`${String(last - 1)} of ${String(last + 1)}`)
  await page.keyboard.press('Escape')
  await expect(viewer).toBeHidden()
  await expect.poll(focused).toBe(last - 2)
  await page.keyboard.press('Home')
  await expect.poll(focused).toBe(0)
  await page.setViewportSize({ width: 360, height: 740 })
  await expect(group.getByRole('button', { name: /, / }).first()).toBeVisible()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
})
