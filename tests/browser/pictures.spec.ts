/** Pictures are seen in the grid and one after the other; what cannot be shown says so. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { box } from './box.ts'
import { choose, fresh, makeFolder } from './folder.ts'
import { png } from './png.ts'
import { expect, test } from './test.ts'

const natural = async (page: Page, name: string): Promise<[number, number]> =>
  page.getByRole('dialog').getByRole('img', { name }).evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight])

test('the grid shows small pictures, and the viewer goes from one to the next', async ({ page }) => {
  await makeFolder(page, fresh('Pictures'))
  await choose(page, [
    { name: 'a.png', mimeType: 'image/png', buffer: png(700, 500, [200, 30, 30]) },
    { name: 'b.txt', mimeType: 'text/plain', buffer: Buffer.from('<script>never</script> Grüße') },
    { name: 'c.png', mimeType: 'image/png', buffer: png(300, 900, [30, 30, 200]) },
    { name: 'd.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture at all') },
    { name: 'e.bin', mimeType: 'application/octet-stream', buffer: Buffer.from('x') },
  ])
  await expect(page.getByRole('option')).toHaveCount(5)
  await page.getByRole('button', { name: 'Grid' }).click()
  const tile = page.getByRole('option', { name: /a\.png/ }).locator('img')
  await expect(tile).toHaveAttribute('src', /^\/dav\/previews\/ana\/Pictures%20.*\/a\.png\?size=256&shape=cover&v=[0-9a-f]{32}$/)
  // The box has made it: the file itself has other sides.
  await expect.poll(() => tile.evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight])).toEqual([256, 256])
  await expect(page.getByRole('option', { name: /d\.jpg/ }).locator('img')).toHaveCount(0)

  await page.getByRole('option', { name: /a\.png/ }).dblclick()
  const viewer = page.getByRole('dialog', { name: 'a.png' })
  await expect(viewer).toContainText('1 of 4')
  await expect.poll(() => natural(page, 'a.png')).toEqual([700, 500])
  await page.keyboard.press('ArrowRight')
  await expect(page.getByRole('dialog', { name: 'b.txt' })).toContainText('<script>never</script> Grüße')
  await page.getByRole('button', { name: 'The next one' }).click()
  await expect.poll(() => natural(page, 'c.png')).toEqual([300, 900])
  await page.keyboard.press('ArrowRight')
  await expect(page.getByRole('dialog', { name: 'd.jpg' })).toContainText('This cannot be shown here.')
  await page.keyboard.press('ArrowLeft')
  await expect(page.getByRole('dialog', { name: 'c.png' })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toBeHidden()

  const download = page.waitForEvent('download')
  await page.getByRole('option', { name: /e\.bin/ }).dblclick()
  expect((await download).suggestedFilename()).toBe('e.bin')
})

/** A film of two seconds. */
function film(name: string, codec: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'croft-film-'))
  try {
    const to = join(folder, name)
    execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=s=640x360:r=10:d=2', '-pix_fmt', 'yuv420p', '-c:v', codec, to], { stdio: ['ignore', 'ignore', 'pipe'] })
    return readFileSync(to)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a film has a picture and plays, and one that the browser cannot play says so', async ({ page }) => {
  await makeFolder(page, fresh('Films'))
  await choose(page, [
    { name: 'a.mp4', mimeType: 'video/mp4', buffer: film('a.mp4', 'libx264') },
    // No browser plays this.
    { name: 'b.mov', mimeType: 'video/quicktime', buffer: film('b.mov', 'prores') },
  ])
  await expect(page.getByRole('option')).toHaveCount(2)
  await page.getByRole('button', { name: 'Grid' }).click()
  const tile = page.getByRole('option', { name: /a\.mp4/ })
  await expect.poll(() => tile.locator('img').evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight])).toEqual([256, 256])
  await tile.dblclick()
  const video = page.getByRole('dialog', { name: 'a.mp4' }).locator('video')
  await expect(video).toHaveAttribute('poster', /^\/dav\/previews\/ana\/.*\/a\.mp4\?size=1024/)
  await expect.poll(() => video.evaluate((player: HTMLVideoElement) => [player.videoWidth, player.videoHeight, player.duration])).toEqual([640, 360, 2])
  await page.getByRole('button', { name: 'The next one' }).click()
  const other = page.getByRole('dialog', { name: 'b.mov' })
  await expect(other).toContainText('This cannot be shown here.')
  await expect(other.getByRole('button', { name: 'Download' })).toBeVisible()
})

test('pictures of all folders are found by month', async ({ page }) => {
  await makeFolder(page, fresh('Album'))
  const name = `${fresh('holiday')}.png`
  await choose(page, [{ name, mimeType: 'image/png', buffer: png(400, 400, [30, 160, 30]) }, { name: 'words.txt', mimeType: 'text/plain', buffer: Buffer.from('x') }])
  await expect(page.getByRole('option')).toHaveCount(2)
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Photos' }).click()
  const month = new Date().toLocaleDateString('en-GB', { month: 'long', year: 'numeric' })
  const tile = page.getByRole('region', { name: month }).getByRole('button', { name })
  await expect.poll(() => tile.locator('img').evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(256)
  await expect(page.getByRole('button', { name: 'words.txt' })).toHaveCount(0)
  await tile.click()
  await expect(page.getByRole('dialog', { name })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(tile).toBeFocused()
})

/** A JPEG of nothing but what a camera says of its time: `2019:05:03 14:05:06`. */
function taken(time: string): Buffer {
  const number = (value: number, bytes: number): Buffer => {
    const buffer = Buffer.alloc(bytes)
    buffer.writeUIntBE(value, 0, bytes)
    return buffer
  }
  const entry = (tag: number, kind: number, count: number, value: number): Buffer => Buffer.concat([number(tag, 2), number(kind, 2), number(count, 4), number(value, 4)])
  // One directory that leads to another, which leads to the text.
  const block = Buffer.concat([
    Buffer.from('MM\0*\0\0\0\x08', 'latin1'), number(1, 2), entry(0x8769, 4, 1, 26), number(0, 4),
    number(1, 2), entry(0x9003, 2, 20, 44), number(0, 4), Buffer.from(`${time}\0`, 'latin1'),
  ])
  return Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe1]), number(block.length + 8, 2), Buffer.from('Exif\0\0', 'latin1'), block, Buffer.from([0xff, 0xd9])])
}

test('a picture stands at the time it was taken, and the viewer says when that was', async ({ page }) => {
  await makeFolder(page, fresh('Taken'))
  const name = `${fresh('beach')}.jpg`
  await choose(page, [{ name, mimeType: 'image/jpeg', buffer: taken('2031:05:03 14:05:06') }])
  await expect(page.getByRole('option')).toHaveCount(1)
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Photos' }).click()
  // Read in the background, soon after it came.
  const tile = page.getByRole('region', { name: 'May 2031' }).getByRole('button', { name })
  await expect(tile).toBeVisible({ timeout: 60_000 })
  await tile.click()
  await expect(page.getByRole('dialog', { name })).toContainText('Taken 3 May 2031 at 14:05')
  await page.keyboard.press('Escape')
  await expect(tile).toBeFocused()
})

test('a photo that the box cannot open says so, and the next one is reached', async ({ page }) => {
  const folder = fresh('Locked')
  await makeFolder(page, folder)
  const [locked, open] = [`${fresh('locked')}.jpg`, `${fresh('open')}.jpg`]
  await choose(page, [
    { name: locked, mimeType: 'image/jpeg', buffer: taken('2033:05:04 10:00:00') },
    { name: open, mimeType: 'image/jpeg', buffer: taken('2033:05:03 10:00:00') },
  ])
  await expect(page.getByRole('option')).toHaveCount(2)
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Photos' }).click()
  const month = page.getByRole('region', { name: 'May 2033' })
  await expect(month.getByRole('button')).toHaveCount(2, { timeout: 60_000 })
  const file = join(box.home, 'spaces/s1/files', folder, locked)
  const { mode } = statSync(file)
  chmodSync(file, 0)
  try {
    await page.reload()
    const tile = month.getByRole('button', { name: 'A photo that the box cannot open' })
    await expect(tile).toBeVisible({ timeout: 30_000 })
    await tile.click()
    await expect(page.getByRole('dialog')).toContainText('its file is closed to the box')
    await page.keyboard.press('ArrowRight')
    await expect(page.getByRole('dialog', { name: open })).toBeVisible()
    await page.keyboard.press('Escape')
  } finally {
    // Other tests bring back the whole space, and are told of each file that is closed.
    chmodSync(file, mode)
  }
})
