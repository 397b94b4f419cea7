/** The page of storage: how the disks are told, and every change of them from its plan to its end, on a fake of twelve disks. */
import type { Locator, Page } from '@playwright/test'
import { owner } from './box.ts'
import { ago, disks, errors, FakeDisks, member, mirror, oneMissing, refusal, single, type Pool } from './fakeDisks.ts'
import { expectReadable } from './readable.ts'
import { expect, test } from './test.ts'

const TB = 1e12

const headline = (page: Page, words: string): Locator => page.getByRole('heading', { level: 1, name: words })
const card = (page: Page, title: string): Locator => page.locator('section').filter({ has: page.getByRole('heading', { level: 2, name: title, exact: true }) })
const lies = (page: Page): Locator => card(page, 'Where your files lie')
const others = (page: Page): Locator => card(page, 'Other disks')
const underWay = (page: Page): Locator => card(page, 'Under way')
const offer = (page: Page, words: string, of: string): Locator => others(page).getByRole('button', { name: `${words}: ${of}` })
const tile = (page: Page, name: string): Locator => lies(page).getByRole('listitem').filter({ has: page.getByRole('heading', { name }) })

async function open(page: Page, pool?: Pool): Promise<FakeDisks> {
  const fake = new FakeDisks(pool)
  await fake.answer(page)
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.goto('/storage')
  return fake
}

const proofOf = (operation: string, target: string): string => Buffer.from(`${operation} of ${target}`).toString('base64url')

test.describe('what is seen', () => {
  const troubled = (): Pool => mirror({
    state: 'doubtful', members: [member(1, disks.red), member(2, disks.wolf, { state: 'doubtful', errors: errors({ write: 3, corruption: 118 }) })],
    checked: { at: ago(80), read: 4.2 * TB, mended: 118, lost: 3, files: ['Family/Photos/2019/IMG_2041.jpg', 'ana/Taxes/2024.pdf'] },
  })

  test('one sentence says how the data lies, the picture how the disks are, and each other disk what is on it', async ({ page }) => {
    await open(page)
    await expect(headline(page, 'Everything is kept twice: any one disk may die.')).toBeVisible()
    await expect(lies(page)).toContainText('Room for another 1.9 TB')
    await expect(lies(page).getByRole('progressbar', { name: 'How full it is' })).toHaveAttribute('aria-valuenow', '53')
    for (const words of ['4 TB · SATA port 2', 'Your files, 53% in use', 'No. ZGY9K2P1']) await expect(tile(page, 'Seagate IronWolf')).toContainText(words)
    await expect(tile(page, 'Seagate IronWolf')).not.toContainText('well')
    await expect(lies(page)).toContainText('A free place')
    const other = (name: string): Locator => others(page).getByRole('listitem').filter({ has: page.getByRole('heading', { name }) })
    await expect(others(page).getByRole('listitem')).toHaveCount(10)
    await expect(other('Toshiba N300')).toContainText('Empty')
    await expect(other('WD My Passport')).toContainText('Holiday photos: files (ntfs), 812 GB of 4.9 TB used')
    await expect(other('SanDisk Extreme')).toContainText('locked files (crypto_LUKS), 64 GB')
    await expect(other('HGST Deskstar')).toContainText('part of a larger storage')
    for (const [name, why] of [['Samsung SSD 980', 'The box starts from it.'], ['Intenso Speed Line', 'It could not be read.']] as const) {
      await expect(other(name)).toContainText(why)
      await expect(other(name).getByRole('button')).toHaveCount(0)
    }
    await expect(card(page, 'Last full check')).toContainText('All was well.')
  })

  test('each disk says how it is and where; one that tells nothing is not called healthy', async ({ page }) => {
    await open(page)
    const other = (name: string): Locator => others(page).getByRole('listitem').filter({ has: page.getByRole('heading', { name }) })
    await expect(tile(page, 'WDC Red Plus')).toContainText('Healthy.')
    await expect(tile(page, 'WDC Red Plus')).toContainText(/34 °C · 375 days on · told [12] hours? ago/)
    for (const words of ['Whether it is healthy is not known.', 'Could not be asked how it is.', 'told 3 days ago']) await expect(other('HGST Deskstar')).toContainText(words)
    await expect(tile(page, 'Seagate IronWolf')).toContainText('It was on for 6 years.')
    for (const words of ['This disk says of itself that it fails: replace it now.', 'This disk has written off 24 sectors since last week: plan to replace it.', 'SATA port 4', '41 °C · 3 years on']) await expect(other('Hitachi Ultrastar')).toContainText(words)
    await expect(other('Maxtor One')).toContainText('It is 61 °C hot: give it air.')
    for (const words of ['It has been written to 93% of what it was made for: plan to replace it.', '93% worn', 'M.2 slot']) await expect(other('Kingston NV2')).toContainText(words)
    await expect(other('Seagate Barracuda')).toContainText('The pool of another box: 1 of 2 disks are here')
    await expect(other('WD My Passport')).toContainText('USB port 1, port 4 of the hub there')
    await expect(other('Toshiba N300')).toContainText('Tells nothing of its health.')
    await expect(other('Toshiba N300')).not.toContainText('Healthy')
  })

  test('a disk is looked into, erased by its label and passphrase, and taken back', async ({ page }) => {
    await open(page)
    const archive = 'Hitachi Ultrastar, 2 TB'
    await offer(page, 'Look inside', archive).click()
    const inside = page.getByRole('dialog', { name: 'What is in Hitachi Ultrastar' })
    await expect(inside).toContainText('1.2 TB of 2 TB used, more than 4711 files')
    await expect(inside.getByRole('list', { name: 'Newest files' })).toContainText('Letters/2025/tax.pdf')
    await expectReadable(page)
    await inside.getByRole('button', { name: 'Close' }).click()

    await offer(page, 'Erase', archive).click()
    const erasing = page.getByRole('dialog', { name: 'Erase Hitachi Ultrastar?' })
    await expect(erasing).toContainText('Archive: files (ext4), 2 TB')
    await expect(erasing).toContainText('it can be taken back')
    await expectReadable(page)
    const erase = erasing.getByRole('button', { name: 'Erase it' })
    await erasing.getByLabel('Type “Archive” to go on.').fill('Archives')
    await erasing.getByLabel('Your passphrase').fill(owner.passphrase)
    await expect(erase).toHaveAttribute('aria-disabled', 'true')
    await erasing.getByLabel('Type “Archive” to go on.').fill('Archive')
    await erasing.getByLabel('Your passphrase').fill('not this one')
    await erase.click()
    await expect(erasing).toContainText('This is not your passphrase.')
    await erasing.getByLabel('Your passphrase').fill(owner.passphrase)
    await erase.click()
    await expect(erasing).toBeHidden()
    const disk = others(page).getByRole('listitem').filter({ has: page.getByRole('heading', { name: archive }) })
    await expect(disk).toContainText('Empty')
    await expect(disk).toContainText('Erased. It can be taken back until')
    await offer(page, 'Take back', archive).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click()
    await expect(disk).toContainText('Archive: files (ext4), 2 TB')
    await expect(disk).not.toContainText('taken back until')
  })

  test('a disk that made errors and damaged files are named', async ({ page }) => {
    await open(page, troubled())
    await expect(headline(page, 'A disk made errors, and is not trusted for now.')).toBeVisible()
    await expect(tile(page, 'Seagate IronWolf')).toContainText('121 errors since it was last well')
    const check = card(page, 'Last full check')
    await expect(check).toContainText('Two files are damaged.')
    await expect(check).toContainText('118 pieces were wrong and mended from another copy.')
    await expect(check.getByRole('list', { name: 'Damaged files' }).getByRole('listitem')).toHaveText(['Family/Photos/2019/IMG_2041.jpg', 'ana/Taxes/2024.pdf'])
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [name, pool] of [['well', mirror], ['in trouble', troubled], ['with a disk missing', oneMissing]] as const) {
      test(`a pool ${name} can be read by everybody, ${colorScheme}`, async ({ page }) => {
        await page.emulateMedia({ colorScheme })
        await open(page, pool())
        await expect(others(page)).toContainText('Toshiba N300')
        await expectReadable(page)
      })
    }
  }

  test('on a phone nothing sticks out, and Home leads here', async ({ page }) => {
    await page.setViewportSize({ width: 360, height: 740 })
    const fake = await open(page, single({ members: [member(1, disks.red), ...Array.from({ length: 7 }, (_, at) => member(at + 2, undefined))] }))
    await expect(lies(page).getByRole('listitem')).toHaveCount(9)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
    fake.become(single())
    await page.getByRole('link', { name: 'Home' }).click()
    await page.getByRole('link', { name: 'See the disks' }).click()
    await expect(headline(page, 'Everything is kept once, on one disk.')).toBeVisible()
    await offer(page, 'Add this disk and keep everything twice', 'WD My Passport, 5 TB').click()
    await expect(page.getByRole('dialog')).toContainText('Holiday photos')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
    await expectReadable(page)
  })

  test('in German, every word is German', async ({ page }) => {
    await page.addInitScript(() => { localStorage.setItem('croft-language', 'de') })
    await open(page, oneMissing())
    await expect(headline(page, 'Eine Platte fehlt. Alles ist noch da, einmal.')).toBeVisible()
    await page.getByRole('button', { name: 'Platte 2 durch Toshiba N300 ersetzen' }).click()
    await expect(page.getByRole('dialog', { name: 'Platte 2 durch Toshiba N300 ersetzen?' })).toContainText('Nichts geht verloren.')
    await expectReadable(page)
  })

  test('a disk that is plugged in appears by itself', async ({ page }) => {
    const fake = new FakeDisks(single())
    fake.disks = [disks.red]
    await fake.answer(page)
    await page.clock.install()
    await page.goto('/storage')
    await expect(others(page)).toContainText('No other disk is plugged in.')
    fake.disks = [disks.red, disks.empty]
    await page.clock.runFor(20_000)
    await expect(others(page)).toContainText('Toshiba N300')
  })

  test('a box without a pool says why, and shows its disks', async ({ page }) => {
    const fake = new FakeDisks()
    fake.view = { is: 'absent', reason: 'other-file-system' }
    await fake.answer(page)
    await page.goto('/storage')
    await expect(headline(page, 'Croft leaves the disks of this box as they are.')).toBeVisible()
    await expect(page.getByText('it is not btrfs')).toBeVisible()
    await expect(page.getByRole('heading', { name: 'WD My Passport' })).toBeVisible()
    await expect(page.getByRole('main').getByRole('button', { name: /Add|Check|Replace/ })).toHaveCount(0)
    await page.getByRole('button', { name: 'Erase: WD My Passport, 5 TB' }).click()
    await expect(page.getByRole('dialog', { name: 'Erase WD My Passport?' })).toContainText('What is on it then no longer:')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Look inside: WD My Passport, 5 TB' }).click()
    await expect(page.getByRole('dialog', { name: 'What is in WD My Passport' })).toBeVisible()
    await page.keyboard.press('Escape')
    await expectReadable(page)
    // Where the box may do nothing to disks, nothing is offered.
    fake.view = { is: 'absent', reason: 'no-root' }
    await page.reload()
    await expect(page.getByRole('heading', { name: 'WD My Passport' })).toBeVisible()
    await expect(page.getByRole('main').getByRole('button', { name: /Erase|Look inside/ })).toHaveCount(0)
  })

  test('where the disks cannot be listed the pool is shown, and the list can be tried again', async ({ page, complaints }) => {
    complaints.expect(/status of 503/)
    const fake = new FakeDisks()
    await fake.answer(page)
    const broken = '**/api/v1/disks'
    await page.route(broken, (route) => route.fulfill({ status: 503, json: { type: 'about:blank', title: '', status: 503, code: 'disks-unreadable', detail: 'The disks of this machine cannot be listed.' } }))
    await page.goto('/storage')
    await expect(tile(page, 'Disk 2')).toContainText('4 TB', { timeout: 20_000 })
    await expect(others(page).getByRole('alert')).toContainText('The disks of this machine cannot be listed.')
    await page.unroute(broken)
    await fake.answer(page)
    await others(page).getByRole('button', { name: 'Try again' }).click()
    await expect(tile(page, 'Seagate IronWolf')).toBeVisible()
  })

  test('members see that it is for owners, and no way there', async ({ page }) => {
    await page.goto('/')
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    const session = await page.evaluate(async () => await fetch('/api/v1/session').then((answer) => answer.json()) as Record<string, unknown>)
    await page.route('**/api/v1/session', (route) => route.fulfill({ json: { ...session, role: 'member' } }))
    const asked: string[] = []
    page.on('request', (request) => { if (/\/api\/v1\/(pool|disks)/.test(request.url())) asked.push(request.url()) })
    await page.goto('/storage')
    await expect(page.getByText('Only an owner of this box sees and changes this.')).toBeVisible()
    await expect(page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Storage' })).toHaveCount(0)
    expect(asked).toEqual([])
  })

  test('the palette finds the page by other words, and a disk by its name', async ({ page }) => {
    await open(page)
    await expect(others(page)).toContainText('Toshiba N300')
    for (const [typed, found] of [['pool', 'Storage'], ['ironwolf', 'Seagate IronWolf']] as const) {
      await page.goto('/storage')
      await expect(others(page)).toContainText('Toshiba N300')
      await page.keyboard.press('Control+k')
      await page.keyboard.type(typed)
      await expect(page.getByRole('option', { selected: true })).toContainText(found)
      await page.keyboard.press('Enter')
      await expect(headline(page, 'Everything is kept twice: any one disk may die.')).toBeVisible()
    }
  })
})

test.describe('what is changed', () => {
  test('a disk with somebody’s photos is added: plan, typed label, passphrase, progress, done', async ({ page }) => {
    const fake = await open(page, single())
    await offer(page, 'Add this disk and keep everything twice', 'WD My Passport, 5 TB').click()
    const dialog = page.getByRole('dialog', { name: 'Add WD My Passport and keep everything twice?' })
    const begin = dialog.getByRole('button', { name: 'Erase and add it' })
    await test.step('the plan says what would happen', async () => {
      for (const words of [
        'Lost for good, from WD My Passport, 5 TB, No. WXQ1E32:', 'Holiday photos: files (ntfs), 812 GB of 4.9 TB used', 'The new disk is emptied and joins the others.',
        'From then on: Two copies. Any one disk may die.', 'As now: 4 TB', 'About 3 h.', 'Nothing is lost. It goes on by itself.', 'Possible while it runs',
      ]) await expect(dialog).toContainText(words)
      await expectReadable(page)
    })
    await test.step('nothing begins before label and passphrase are right', async () => {
      const enabled = expect(begin)
      await dialog.getByLabel('Your passphrase').fill(owner.passphrase)
      await enabled.toHaveAttribute('aria-disabled', 'true')
      await dialog.getByLabel('Type “Holiday photos” to go on.').fill('holiday')
      await dialog.getByLabel('Type “Holiday photos” to go on.').press('Enter')
      await enabled.toHaveAttribute('aria-disabled', 'true')
      await dialog.getByLabel('Type “Holiday photos” to go on.').fill('Holiday photos')
      await dialog.getByLabel('Your passphrase').fill('not it')
      await begin.click()
      await expect(dialog.getByLabel('Your passphrase')).toHaveAttribute('aria-invalid', 'true')
      await expect(dialog.getByLabel('Your passphrase')).toHaveAccessibleDescription(/This is not your passphrase\./)
      await expectReadable(page)
      expect(fake.begun).toEqual([])
    })
    await test.step('it runs, step by step', async () => {
      await dialog.getByLabel('Your passphrase').fill(owner.passphrase)
      await begin.click()
      await expect(dialog).toBeHidden()
      expect(fake.begun).toEqual([{
        change: { do: 'grow', protection: 'mirror', disk: { id: disks.photos.id, contents: disks.photos.contents, label: 'Holiday photos' } }, proof: proofOf('pool.grow', disks.photos.id),
      }])
      await expect(underWay(page)).toContainText('Adding WD My Passport and keeping everything twice')
      await expect(underWay(page).locator('[aria-current=step]')).toHaveText('The new disk is emptied and joins the others.')
      fake.become({ members: [...fake.pool.members, member(2, disks.photos, { size: 5 * TB, used: 0 })] })
      fake.move('spread', 0.812 * TB, 2.1 * TB, 5400)
      await expect(underWay(page)).toContainText('812 GB of 2.1 TB · about 1 h 30 min left')
      await expect(underWay(page).locator('[aria-current=step]')).toHaveText('Copies are made until everything has all of them.')
      await expect(underWay(page).getByRole('progressbar')).toHaveAttribute('aria-valuenow', '39')
      await expect(tile(page, 'WD My Passport')).toBeVisible()
      await expectReadable(page)
      await page.reload()
      await expect(underWay(page)).toContainText('812 GB of 2.1 TB')
    })
    await test.step('it is done', async () => {
      fake.end({ is: 'done' }, { state: 'protected', protection: 'mirror' })
      await expect(headline(page, 'Everything is kept twice: any one disk may die.')).toBeVisible()
      await expect(page.getByRole('status').filter({ hasText: 'Adding WD My Passport and keeping everything twice: done' })).toBeVisible()
      await expect(underWay(page)).toHaveCount(0)
    })
  })

  test('a missing disk is replaced with two clicks and the passphrase', async ({ page }) => {
    const fake = await open(page, oneMissing())
    await expect(headline(page, 'A disk is missing. Everything is still here, kept once.')).toBeVisible()
    await expect(tile(page, 'Disk 2')).toContainText('missing')
    await page.getByRole('button', { name: 'Replace disk 2 by Toshiba N300' }).click()
    const dialog = page.getByRole('dialog', { name: 'Replace disk 2 by Toshiba N300?' })
    await expect(dialog).toContainText('Toshiba N300, 4 TB, No. X0F1A03K is empty, so nothing on it is lost.')
    await dialog.getByLabel('Your passphrase').fill(owner.passphrase)
    await dialog.getByRole('button', { name: 'Replace it' }).click()
    await expect(underWay(page)).toContainText('Replacing disk 2 by Toshiba N300')
    expect(fake.begun).toEqual([{
      change: { do: 'replace', member: 2, disk: { id: disks.empty.id, contents: disks.empty.contents } }, proof: proofOf('pool.replace', `2 ${disks.empty.id}`),
    }])
    fake.move('rebuild', 1 * TB, 2.1 * TB)
    await expect(others(page).getByRole('listitem').filter({ hasText: 'Toshiba N300' })).toContainText('It is taking the place of disk 2.')
    await expect(card(page, 'What to do')).toHaveCount(0)
    fake.end({ is: 'done' }, { state: 'protected', members: [member(1, disks.red), member(2, disks.empty)] })
    await expect(headline(page, 'Everything is kept twice: any one disk may die.')).toBeVisible()
    await expect(page.getByRole('status').filter({ hasText: 'Replacing disk 2 by Toshiba N300: done' })).toBeVisible()
  })

  test('without a disk that is large enough, the page says what is needed', async ({ page }) => {
    const fake = await open(page, oneMissing())
    fake.disks = [disks.red, disks.foreign, disks.card]
    await page.reload()
    await expect(card(page, 'What to do')).toContainText('Connect it again, or put another one in, with 4 TB at least.')
    await expect(page.getByRole('main').getByRole('button', { name: /^(Replace|Put)/ })).toHaveCount(0)
  })

  test('a refused plan says why, and nothing begins', async ({ page }) => {
    const fake = await open(page, single())
    fake.refuses = refusal.noRoom
    await offer(page, 'Add this disk and keep everything twice', 'Toshiba N300, 4 TB').click()
    const dialog = page.getByRole('dialog')
    await expect(dialog.getByRole('alert')).toContainText('This cannot be done now.')
    await expect(dialog.getByRole('alert')).toContainText('1.1 TB are missing.')
    await expect(dialog.getByRole('alert')).toContainText('use a larger disk')
    await expectReadable(page)
    fake.refuses = undefined
    await dialog.getByRole('button', { name: 'Try again' }).click()
    await expect(dialog).toContainText('From then on: Two copies.')
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await expect(dialog).toBeHidden()
    expect(fake.begun).toEqual([])
  })

  test('a disk that has changed since it was shown is not overwritten', async ({ page }) => {
    const fake = await open(page, single())
    await page.route('**/api/v1/pool/changes', (route) => route.fulfill({ status: 409, json: { type: 'about:blank', title: '', status: 409, code: 'disk-changed', detail: 'What is on the disk has changed.' } }))
    await offer(page, 'Add it for more room', 'Toshiba N300, 4 TB').click()
    const dialog = page.getByRole('dialog', { name: 'Add Toshiba N300?' })
    await dialog.getByLabel('Your passphrase').fill(owner.passphrase)
    await dialog.getByRole('button', { name: 'Add it' }).click()
    await expect(dialog.getByRole('alert')).toContainText('What is on the disk has changed.')
    expect(fake.begun).toEqual([])
  })

  test('a disk is taken out, and fewer copies are said to be less safe', async ({ page }) => {
    const fake = await open(page, mirror({ members: [member(1, disks.red), member(2, disks.wolf), member(3, disks.empty)] }))
    await page.getByRole('button', { name: 'What can be done with Toshiba N300' }).click()
    await page.getByRole('menuitem', { name: 'Take it out' }).click()
    const dialog = page.getByRole('dialog', { name: 'Take Toshiba N300 out?' })
    await expect(dialog).toContainText('Everything on it moves to the other disks.')
    await expect(dialog).toContainText('As now: Two copies.')
    await dialog.getByLabel('Your passphrase').fill(owner.passphrase)
    await dialog.getByRole('button', { name: 'Take it out' }).click()
    await expect(tile(page, 'Toshiba N300')).toContainText('is being emptied')
    expect(fake.begun).toEqual([{ change: { do: 'remove', member: 3 }, proof: proofOf('pool.remove', '3') }])
    fake.end({ is: 'failed', reason: 'The disk could not be read.' })
    await expect(page.getByRole('status').filter({ hasText: 'Taking Toshiba N300 out: it did not work' })).toContainText('The disk could not be read.')

    await page.getByText('How safe it is kept').click()
    await lies(page).getByRole('button', { name: 'Keep everything once' }).click()
    const weaker = page.getByRole('dialog', { name: 'Keep everything once from now on?' })
    await expect(weaker).toContainText('From then on: One copy. A disk that dies takes its files along.')
    await expect(weaker.getByLabel('Your passphrase')).toBeVisible()
  })

  test('everything is checked without a passphrase, and that is given up', async ({ page }) => {
    const fake = await open(page)
    await page.getByRole('button', { name: 'Check everything now' }).click()
    const dialog = page.getByRole('dialog', { name: 'Check everything now?' })
    await expect(dialog).toContainText('Everything is read and compared with its checksums')
    await expect(dialog.getByLabel('Your passphrase')).toHaveCount(0)
    await dialog.getByRole('button', { name: 'Begin' }).click()
    await expect(underWay(page)).toContainText('Checking everything')
    expect(fake.begun).toEqual([{ change: { do: 'scrub' }, proof: undefined }])
    fake.move('compare', 1 * TB, 4.2 * TB)
    await expect(underWay(page)).toContainText('1 TB of 4.2 TB')
    await underWay(page).getByRole('button', { name: 'Give up' }).click()
    await page.getByRole('dialog', { name: 'Give it up?' }).getByRole('button', { name: 'Give up' }).click()
    await expect(page.getByRole('status').filter({ hasText: 'Checking everything: given up' })).toBeVisible()
    await expect(page.getByRole('dialog')).toHaveCount(0)
  })

  test('by keyboard alone: a missing disk is replaced, and a disk’s menu is walked', async ({ page }) => {
    const fake = await open(page, oneMissing())
    await expect(others(page)).toContainText('Toshiba N300')
    const tabTo = async (wanted: Locator): Promise<void> => {
      for (let step = 0; step < 40; step += 1) {
        if (await wanted.evaluate((element) => element === document.activeElement)) return
        await page.keyboard.press('Tab')
      }
      throw new Error('Tab never came there')
    }
    await tabTo(page.getByRole('button', { name: 'What can be done with Disk 2' }))
    await page.keyboard.press('Enter')
    await expect(page.getByRole('menuitem', { name: 'Replace it by Toshiba N300' })).toBeFocused()
    await page.keyboard.press('Escape')
    await expect(page.getByRole('button', { name: 'What can be done with Disk 2' })).toBeFocused()
    await page.reload()
    await expect(others(page)).toContainText('Toshiba N300')
    const replace = page.getByRole('button', { name: 'Replace disk 2 by Toshiba N300' })
    await tabTo(replace)
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    await tabTo(dialog.getByLabel('Your passphrase'))
    await page.keyboard.press('Escape')
    await expect(dialog).toBeHidden()
    await expect(replace).toBeFocused()
    await page.keyboard.press('Enter')
    await tabTo(dialog.getByLabel('Your passphrase'))
    await page.keyboard.type(owner.passphrase)
    await page.keyboard.press('Enter')
    await expect(underWay(page).getByText('Replacing disk 2 by Toshiba N300')).toBeFocused()
    expect(fake.begun).toHaveLength(1)
  })
})
