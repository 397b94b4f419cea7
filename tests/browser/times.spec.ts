/** What was is looked at, and comes back: one file, a folder, and a state of a file among its versions. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { box } from './box.ts'
import { choose, fresh, makeFolder, makeSpace } from './folder.ts'
import { png } from './png.ts'
import { expectReadable } from './readable.ts'
import { expect, test } from './test.ts'

const snapshots = join(box.home, 'snapshots/s1')

/** Keeps what the owner's space is like, as a snapshot does. */
function keep(name: string): void {
  mkdirSync(join(snapshots, name))
  execFileSync('cp', ['-a', join(box.home, 'spaces/s1/files'), join(snapshots, name, 'files')])
}

test.afterEach(() => {
  for (const name of ['@GMT-2026.06.14-08.00.00', '@GMT-2026.06.15-09.30.00']) rmSync(join(snapshots, name), { recursive: true, force: true })
})

const upload = (page: Page, name: string, text: string): Promise<void> => choose(page, [{ name, mimeType: 'text/plain', buffer: Buffer.from(text) }])
const row = (page: Page, name: string) => page.getByRole('listitem').filter({ hasText: name })

test('a file and a folder come back as they were', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const folder = fresh('Plans')
  await makeFolder(page, folder)
  await upload(page, 'changed.txt', 'first')
  await expect(page.getByRole('option', { name: /changed\.txt/ })).toBeVisible()
  await choose(page, [{ name: 'gone.txt', mimeType: 'text/plain', buffer: Buffer.from('gone') }, { name: 'sea.png', mimeType: 'image/png', buffer: png(600, 400, [20, 90, 140]) }])
  await expect(page.getByRole('option', { name: /sea\.png/ })).toBeVisible()
  keep('@GMT-2026.06.14-08.00.00')
  await upload(page, 'changed.txt', 'second and longer')
  await page.getByRole('button', { name: 'Replace it: changed.txt' }).click()
  await expect(page.getByRole('option', { name: /changed\.txt/ })).toContainText('17 B')
  await page.getByRole('option', { name: /gone\.txt/ }).click()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByRole('option', { name: /gone\.txt/ })).toBeHidden()
  await upload(page, 'new.txt', 'new')
  await expect(page.getByRole('option', { name: /new\.txt/ })).toBeVisible()
  keep('@GMT-2026.06.15-09.30.00')

  // The latest first: nothing differs. By the keyboard to the time before.
  await page.getByRole('link', { name: 'Earlier times' }).click()
  await expect(page.getByRole('heading', { level: 1, name: `${folder}, as it was` })).toBeVisible()
  await expect(row(page, 'changed.txt')).toContainText('17 B')
  await expect(page.getByText('is different now')).toBeHidden()
  await expectReadable(page)
  await page.getByRole('link', { name: 'Before' }).focus()
  await page.keyboard.press('Enter')
  await expect(row(page, 'changed.txt')).toContainText('is different now')
  await expect(row(page, 'changed.txt')).toContainText('5 B')
  await expect(row(page, 'gone.txt')).toContainText('not there now')
  await expect(row(page, 'sea.png')).not.toContainText('now')
  await expect(row(page, 'sea.png').locator('img')).toHaveJSProperty('naturalWidth', 256)
  await expect(page.getByRole('navigation', { name: 'Times that the box keeps' }).getByRole('link', { name: /^\d\d:\d\d$/ })).toHaveCount(2)
  await expectReadable(page)
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
  await page.setViewportSize({ width: 390, height: 800 })
  await expectReadable(page)
  await page.setViewportSize({ width: 1280, height: 720 })
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  await page.getByRole('button', { name: 'sea.png', exact: true }).click()
  await expect(page.getByRole('dialog').getByRole('img', { name: 'sea.png' })).toBeVisible()
  await page.keyboard.press('Escape')
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download as it was: changed.txt' }).click()
  expect(readFileSync(await (await download).path(), 'utf8')).toBe('first')

  await page.getByRole('button', { name: 'Bring back: gone.txt' }).click()
  const one = page.getByRole('dialog', { name: 'Bring back “gone.txt”?' })
  await expect(one).toContainText('1 file comes back.')
  await expectReadable(page)
  await one.getByRole('button', { name: 'Bring back' }).click()
  await expect(page.getByText('“gone.txt” is as it was.')).toBeVisible()
  await expect(one).toBeHidden()
  await expect(row(page, 'gone.txt')).not.toContainText('not there now')

  await page.getByRole('button', { name: 'Bring back this folder' }).click()
  const all = page.getByRole('dialog', { name: `Bring back “${folder}”?` })
  await expect(all).toContainText('1 changes, 1 newer one stays.')
  await all.getByLabel('Move what was made since to the trash').check()
  await expect(all).toContainText('1 changes, 1 newer one goes to the trash.')
  await expectReadable(page)
  await all.getByRole('button', { name: 'Bring back' }).click()
  await expect(page.getByText(`“${folder}” is as it was.`)).toBeVisible()
  await expect(page.getByText('is different now')).toBeHidden()
  await page.getByRole('button', { name: 'Bring back this folder' }).click()
  await expect(all).toContainText('It is as it was.')
  await expect(all.getByRole('button', { name: 'Bring back' })).toBeDisabled()
  await all.getByRole('button', { name: 'Cancel' }).click()

  await page.getByRole('link', { name: 'As it is now' }).click()
  await expect(page.getByRole('option')).toHaveCount(3)
  await expect(page.getByRole('option', { name: /changed\.txt/ })).toContainText('5 B')
  expect(readFileSync(join(box.home, 'spaces/s1/files', folder, 'gone.txt'), 'utf8')).toBe('gone')

  // What earlier times show stands among the versions, once.
  await upload(page, 'gone.txt', 'written anew')
  await page.getByRole('button', { name: 'Replace it: gone.txt' }).click()
  await expect(page.getByRole('option', { name: /gone\.txt/ })).toContainText('12 B')
  await page.getByRole('option', { name: /changed\.txt/ }).click()
  await page.getByRole('button', { name: 'Earlier versions' }).click()
  const versions = page.getByRole('dialog', { name: 'Earlier versions' })
  await expect(versions.getByRole('listitem')).toHaveCount(2)
  await versions.getByRole('listitem').filter({ hasText: '17 B' }).getByRole('button', { name: /^Restore/ }).click()
  await expect(page.getByText('“changed.txt” is as it was.')).toBeVisible()
  await expect(page.getByRole('option', { name: /changed\.txt/ })).toContainText('17 B')
})

test('a folder that is gone is found at an earlier time, and a space without one says so', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const folder = fresh('Lost')
  await makeFolder(page, folder)
  await upload(page, 'in it.txt', 'found')
  await expect(page.getByRole('option', { name: /in it\.txt/ })).toBeVisible()
  keep('@GMT-2026.06.14-08.00.00')
  await page.goto('/files')
  await page.getByRole('option', { name: new RegExp(`^${folder}`) }).click()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByText('Moved to the trash.')).toBeVisible()
  await page.goto(`/files/${encodeURIComponent(folder)}`)
  await page.getByRole('link', { name: 'Earlier times' }).click()
  await expect(row(page, 'in it.txt')).toContainText('not there now')
  await page.getByRole('navigation', { name: 'Path' }).getByRole('link', { name: 'Files' }).click()
  await expect(row(page, folder)).toContainText('not there now')
  await page.getByRole('button', { name: 'Bring back everything' }).click()
  const all = page.getByRole('dialog', { name: 'Bring back all of “Files”?' })
  await expect(all).toContainText('1 file comes back, 1 folder comes back')
  await all.getByRole('button', { name: 'Bring back' }).click()
  await expect(page.getByText('This box keeps no snapshots')).toBeVisible()
  expect(readFileSync(join(box.home, 'spaces/s1/files', folder, 'in it.txt'), 'utf8')).toBe('found')

  // Where the state before cannot be kept, nothing is changed before somebody has said so.
  const note = join(box.home, 'spaces/s1/files', folder, 'in it.txt')
  writeFileSync(note, 'something else')
  const full = { type: 'about:blank', title: 'Conflict', status: 409, code: 'snapshots-too-many', detail: 'The space has as many snapshots as it may.' }
  await page.route('**/api/v1/snapshots/s1', (route) => route.fulfill({ status: 409, json: full }))
  await page.getByRole('button', { name: 'Bring back everything' }).click()
  await expect(all).toContainText('1 changes')
  await all.getByRole('button', { name: 'Bring back' }).click()
  await expect(all).toContainText('Nothing was changed yet.')
  await expectReadable(page)
  expect(readFileSync(note, 'utf8')).toBe('something else')
  await all.getByRole('button', { name: 'Bring back all the same' }).click()
  await expect(page.getByText('“Files” is as it was.')).toBeVisible()
  expect(readFileSync(note, 'utf8')).toBe('found')

  // A time that is gone says so, and is no other.
  await page.goto(`/times/${encodeURIComponent('2026-06-01 08.00.00 UTC')}`)
  await expect(page.getByText('The box no longer keeps')).toBeVisible()
  await page.getByRole('link', { name: /^To / }).click()
  await expect(row(page, folder)).toBeVisible()

  const space = fresh('Club')
  await makeSpace(page, space)
  await page.goto(`/files/${encodeURIComponent(space)}`)
  await page.getByRole('link', { name: 'Earlier times' }).click()
  await expect(page.getByText('The box keeps no earlier time yet.')).toBeVisible()
  await expectReadable(page)
})
