/** Files go in, are seen, come out unchanged, and go away. */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { choose, fresh, makeFolder } from './folder.ts'
import { expect, test } from './test.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

test('a file goes up with progress and comes down the same', async ({ page }) => {
  const folder = fresh('Höhlen & Wälder #1')
  const bytes = randomBytes(8_000_000)
  await makeFolder(page, folder)
  await choose(page, [{ name: 'deep 100%.bin', mimeType: 'application/octet-stream', buffer: bytes }])
  await expect(page.getByText('1 file uploaded.')).toBeVisible()
  const option = page.getByRole('option', { name: /deep 100%\.bin/ })
  await expect(option).toContainText('8 MB')
  await option.click()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download' }).click()
  expect(sha256(readFileSync(await (await download).path()))).toBe(sha256(bytes))
})

test('the island shows the rate, and cancelling leaves nothing', async ({ page, context }) => {
  const folder = fresh('Slow')
  await makeFolder(page, folder)
  const session = await context.newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 400_000 })
  await choose(page, [{ name: 'slow.bin', mimeType: 'application/octet-stream', buffer: randomBytes(6_000_000) }])
  const island = page.getByRole('complementary', { name: 'At work' })
  await expect(island.getByRole('progressbar')).toBeVisible()
  await expect(island).toContainText(/[kM]B\/s · \d+ \w+ left/)
  await island.getByRole('button', { name: 'Details' }).click()
  await expect(island).toContainText(/slow\.bin/)
  await island.getByRole('button', { name: 'Cancel all' }).click()
  await expect(island.getByRole('progressbar')).toBeHidden()
  await session.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 })
  await page.reload()
  await expect(page.getByText('Nothing here yet.')).toBeVisible()
})

test('a file of the same name is not replaced unless one says so', async ({ page }) => {
  await makeFolder(page, fresh('Twice'))
  const file = (text: string) => [{ name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from(text) }]
  await choose(page, file('first'))
  await expect(page.getByText('1 file uploaded.')).toBeVisible()
  await choose(page, file('second and longer'))
  await expect(page.getByText('A file of this name is there already.')).toBeVisible()
  await expect(page.getByRole('option')).toContainText('5 B')
  await page.getByRole('button', { name: 'Replace it: note.txt' }).click()
  await expect(page.getByText('1 file uploaded.')).toBeVisible()
  await expect(page.getByRole('option')).toContainText('17 B')
})

test('files are dropped, also in folders of their own', async ({ page }) => {
  await makeFolder(page, fresh('Dropped'))
  const transfer = await page.evaluateHandle(() => {
    const carried = new DataTransfer()
    for (const name of ['one.txt', 'two.txt', 'three.txt']) carried.items.add(new File([name], name, { type: 'text/plain' }))
    return carried
  })
  await page.dispatchEvent('body', 'dragover', { dataTransfer: transfer })
  await expect(page.getByText(/Let go to upload/)).toBeVisible()
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer })
  await expect(page.getByRole('option')).toHaveCount(3)
  await expect(page.getByText(/Let go to upload/)).toBeHidden()
})

test('a folder opens, names the way back, and is still there when the page is loaded anew', async ({ page }) => {
  const folder = fresh('v1.2 draft')
  await makeFolder(page, folder)
  await choose(page, [{ name: 'inside.txt', mimeType: 'text/plain', buffer: Buffer.from('x') }])
  await expect(page.getByRole('option', { name: /inside/ })).toBeVisible()
  await page.reload()
  await expect(page.getByRole('heading', { name: folder })).toBeVisible()
  await expect(page.getByRole('option', { name: /inside/ })).toBeVisible()
  await page.getByRole('navigation', { name: 'Path' }).getByRole('link', { name: 'Files' }).click()
  await expect(page.getByRole('heading', { name: 'Your files' })).toBeVisible()
})

test('things are chosen by keyboard and deleted after a question', async ({ page }) => {
  await makeFolder(page, fresh('Keys'))
  await choose(page, ['a', 'b', 'c', 'd'].map((name) => ({ name: `${name}.txt`, mimeType: 'text/plain', buffer: Buffer.from(name) })))
  await expect(page.getByRole('option')).toHaveCount(4)
  await page.getByRole('listbox', { name: 'Files and folders' }).focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Shift+ArrowDown')
  await expect(page.getByRole('option', { selected: true })).toHaveText([/b\.txt/, /c\.txt/])
  await page.keyboard.press('Delete')
  const dialog = page.getByRole('dialog', { name: 'Delete 2 things?' })
  await expect(dialog).toContainText('trash')
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  // The focus goes back to where it was, so that the keys go on.
  await expect(page.getByRole('listbox', { name: 'Files and folders' })).toBeFocused()
  await page.keyboard.press('Delete')
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByRole('option')).toHaveText([/a\.txt/, /d\.txt/])
  await page.reload()
  await expect(page.getByRole('option')).toHaveText([/a\.txt/, /d\.txt/])
})

test('a change made elsewhere appears by itself', async ({ page, context }) => {
  const folder = fresh('Live')
  await makeFolder(page, folder)
  const other = await context.newPage()
  await other.goto(page.url())
  await expect(page.getByText('Nothing here yet.')).toBeVisible()
  await choose(other, [{ name: 'news.txt', mimeType: 'text/plain', buffer: Buffer.from('news') }])
  await expect(page.getByRole('option', { name: /news/ })).toBeVisible()
})

test('the palette finds a file that was not looked at, in any folder', async ({ page }) => {
  const folder = fresh('Deep')
  const name = `${fresh('Treasure map')}.txt`
  await makeFolder(page, folder)
  await choose(page, [{ name, mimeType: 'text/plain', buffer: Buffer.from('x') }])
  await expect(page.getByText('1 file uploaded.')).toBeVisible()
  // Another page, which knows of no folder.
  await page.goto('/settings')
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Find anything' }).fill(name.slice(0, -4).replace('Treasure', 'treasure'))
  await page.getByRole('option', { name }).click()
  await expect(page.getByRole('heading', { name: folder })).toBeVisible()
  await expect(page.getByRole('option', { name })).toBeVisible()
})
