/** Things go to another folder and to a shared space, with the way shown, and stay where they are when one thinks better of it. */
import { choose, fresh, makeFolder, makeSpace } from './folder.ts'
import { expect, test } from './test.ts'

test('a file is moved into a shared space and copied back', async ({ page }) => {
  const [space, folder] = [fresh('Club'), fresh('Plans')]
  await makeSpace(page, space)
  await makeFolder(page, folder)
  await choose(page, [{ name: 'list.txt', mimeType: 'text/plain', buffer: Buffer.from('milk') }])
  await page.getByRole('option', { name: /list\.txt/ }).click()
  await page.getByRole('button', { name: 'Move or copy' }).click()
  const dialog = page.getByRole('dialog', { name: 'Where to with “list.txt”?' })
  await expect(dialog.getByRole('button', { name: 'Move here' })).toBeDisabled()
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByRole('option', { name: /list\.txt/ })).toBeVisible()

  await page.getByRole('button', { name: 'Move or copy' }).click()
  await dialog.getByRole('button', { name: 'Up' }).click()
  await dialog.getByRole('button', { name: space }).click()
  await dialog.getByRole('button', { name: 'Move here' }).click()
  await expect(page.getByText('Moved.')).toBeVisible()
  await expect(page.getByText('Nothing here yet.')).toBeVisible()

  await page.goto(`/files/${encodeURIComponent(space)}`)
  await page.getByRole('option', { name: /list\.txt/ }).click()
  await page.getByRole('button', { name: 'Move or copy' }).click()
  await dialog.getByRole('button', { name: 'Up' }).click()
  await dialog.getByRole('button', { name: folder }).click()
  await dialog.getByRole('button', { name: 'Copy here' }).click()
  await expect(page.getByText('Copied.')).toBeVisible()
  await expect(page.getByRole('option', { name: /list\.txt/ })).toBeVisible()
  await page.goto(`/files/${encodeURIComponent(folder)}`)
  await expect(page.getByRole('option', { name: /list\.txt/ })).toBeVisible()

  // What is there is not replaced.
  await page.getByRole('option', { name: /list\.txt/ }).click()
  await page.getByRole('button', { name: 'Move or copy' }).click()
  await dialog.getByRole('button', { name: 'Up' }).click()
  await dialog.getByRole('button', { name: space }).click()
  await dialog.getByRole('button', { name: 'Move here' }).click()
  await expect(dialog.getByText('There is something of this name already.')).toBeVisible()
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.getByRole('option', { name: /list\.txt/ })).toBeVisible()
})
