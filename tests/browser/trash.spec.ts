/** What is deleted or replaced comes back: undo, the trash, earlier versions. */
import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { choose, fresh, makeFolder } from './folder.ts'
import { expectReadable } from './readable.ts'
import { expect, test } from './test.ts'

const upload = (page: Page, name: string, text: string): Promise<void> => choose(page, [{ name, mimeType: 'text/plain', buffer: Buffer.from(text) }])

async function remove(page: Page, name: string): Promise<void> {
  await page.getByRole('option', { name: new RegExp(name) }).click()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByText('Moved to the trash.')).toBeVisible()
}

test('a deletion is undone at once, or taken back from the trash, or made for good', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const folder = fresh('Letters')
  const names = [fresh('first'), fresh('second')] as const
  await makeFolder(page, folder)
  for (const name of names) {
    await upload(page, `${name}.txt`, name)
    await expect(page.getByRole('option', { name: new RegExp(name) })).toBeVisible()
  }
  await remove(page, names[0])
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByText('It is back.')).toBeVisible()
  await expect(page.getByRole('option')).toHaveCount(2)

  await remove(page, names[0])
  await remove(page, names[1])
  await expect(page.getByText('Nothing here yet.')).toBeVisible()
  await page.getByRole('link', { name: 'Trash' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Trash' })).toBeVisible()
  const row = (name: string) => page.getByRole('listitem').filter({ hasText: name })
  await expect(row(names[0])).toContainText(`from ${folder}, deleted this minute`)
  await expectReadable(page)
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
  await expectReadable(page)
  await page.getByRole('button', { name: `Restore: ${names[0]}.txt` }).click()
  await expect(page.getByText(`“${names[0]}.txt” is back.`)).toBeVisible()
  await expect(row(names[0])).toBeHidden()

  await page.getByRole('button', { name: `Delete for good: ${names[1]}.txt` }).click()
  const sure = page.getByRole('dialog', { name: `Delete “${names[1]}.txt” for good?` })
  await expect(sure).toBeVisible()
  await expectReadable(page)
  await sure.getByRole('button', { name: 'Delete for good' }).click()
  await expect(page.getByText('Gone for good.')).toBeVisible()
  await expect(row(names[1])).toBeHidden()

  await page.goto(`/files/${encodeURIComponent(folder)}`)
  await expect(page.getByRole('option', { name: new RegExp(names[0]) })).toBeVisible()
  await remove(page, names[0])
  await page.goto('/trash')
  await page.getByRole('button', { name: 'Empty the trash' }).click()
  const all = page.getByRole('dialog', { name: 'Empty the trash?' })
  await expect(all).toContainText(/\d+ things? with \d+/)
  await all.getByRole('button', { name: 'Empty the trash' }).click()
  await expect(page.getByText('The trash is empty.').first()).toBeVisible()
  await expect(page.getByRole('listitem').filter({ hasText: names[0] })).toBeHidden()
  await expectReadable(page)
})

test('an earlier version is looked at and takes its place again', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await makeFolder(page, fresh('Drafts'))
  await upload(page, 'note.txt', 'first')
  await expect(page.getByText('1 file uploaded.')).toBeVisible()
  await upload(page, 'note.txt', 'second and longer')
  await page.getByRole('button', { name: 'Replace it: note.txt' }).click()
  const option = page.getByRole('option', { name: /note\.txt/ })
  await expect(option).toContainText('17 B')
  await option.click()
  await page.getByRole('button', { name: 'Earlier versions' }).click()
  const dialog = page.getByRole('dialog', { name: 'Earlier versions' })
  await expect(dialog.getByRole('listitem')).toHaveCount(1)
  await expect(dialog.getByRole('listitem')).toContainText('5 B')
  await expectReadable(page)
  const download = page.waitForEvent('download')
  await dialog.getByRole('button', { name: /^Download the version of/ }).click()
  expect(readFileSync(await (await download).path(), 'utf8')).toBe('first')
  await dialog.getByRole('button', { name: /^Restore the version of/ }).click()
  await expect(page.getByText('“note.txt” is as it was.')).toBeVisible()
  await expect(dialog).toBeHidden()
  await expect(option).toContainText('5 B')
  await option.click()
  await page.getByRole('button', { name: 'Earlier versions' }).click()
  await expect(dialog).toContainText('17 B')
})
