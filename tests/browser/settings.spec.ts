/** The household's settings: people, invitations, changes and taking them back. */
import { randomBytes } from 'node:crypto'
import { box, owner } from './box.ts'
import { makeSpace } from './folder.ts'
import { expectReadable } from './readable.ts'
import { expect, test } from './test.ts'

const fresh = (stem: string): string => stem + randomBytes(3).toString('hex').replace(/[0-9]/g, (digit) => 'ghijklmnop'[Number(digit)] ?? '')

test('a person is added, invited, joins in another browser, and is removed', async ({ page, browser, complaints }) => {
  const name = fresh('ben')
  await page.goto('/settings/people')
  await page.getByRole('button', { name: 'Add a person' }).click()
  const form = page.getByRole('dialog', { name: 'Add a person' })
  await form.getByLabel('Name', { exact: true }).fill(name)
  await form.getByRole('button', { name: 'Add a person' }).click()
  const invitation = page.getByRole('dialog', { name: `An invitation for ${name}` })
  const link = await invitation.getByText(`${box.url}/join#`).innerText()
  await invitation.getByRole('button', { name: 'Close' }).click()
  await expect(page.getByRole('listitem').filter({ hasText: name })).toContainText('Member')

  const theirs = await browser.newContext({ baseURL: box.url, locale: 'en-GB', storageState: { cookies: [], origins: [] } })
  await complaints.watch(theirs)
  const guest = await theirs.newPage()
  await guest.goto(link)
  await guest.getByLabel('Passphrase').fill('copper meadow violin 3')
  await guest.getByRole('button', { name: 'Join' }).click()
  await expect(guest.getByRole('heading', { name: `at ${owner.boxName}` })).toBeVisible()
  await guest.goto('/settings')
  await expect(guest.getByText('Only an owner of this box sees and changes this.')).toBeVisible()
  await guest.goto('/settings/people')
  await expect(guest.getByRole('button', { name: 'Add a person' })).toHaveAttribute('aria-disabled', 'true')
  await guest.goto('/files')
  await expect(guest.getByText('Nothing here yet.')).toBeVisible()
  await theirs.close()

  await page.getByRole('button', { name: `Remove: ${name}` }).click()
  const danger = page.getByRole('dialog', { name: `Remove ${name}?` })
  await expect(danger).toContainText('30 days')
  const remove = danger.getByRole('button', { name: 'Remove' })
  await expect(remove).toHaveAttribute('aria-disabled', 'true')
  await danger.getByLabel(/^Type/).fill(name)
  await remove.click()
  await expect(page.getByRole('button', { name: `Remove: ${name}` })).toHaveCount(0)
})

test('a new name of the box is seen in Activity and taken back there', async ({ page }) => {
  const name = fresh('Elm ')
  await page.goto('/settings')
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('link', { name })).toBeVisible()
  await page.goto('/activity')
  await page.getByRole('button', { name: /^Undo/ }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Take this change back?' })
  await expect(dialog).toContainText(owner.boxName)
  await dialog.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByText('Taken back.', { exact: true })).toBeVisible()
  await expect(page.getByRole('link', { name: owner.boxName })).toBeVisible()
})

test('a change on an old version is refused and shows how it is now', async ({ page, context, complaints }) => {
  complaints.expect(/net::ERR_FAILED/)
  await page.goto('/settings/door')
  const days = page.getByLabel(/Days without use/)
  await expect(days).toHaveValue(/\d+/)
  const before = Number(await days.inputValue())
  // The stream is held off, so that this page still shows the old version when it saves.
  const elsewhere = await context.newPage()
  await page.route('**/api/v1/events', (route) => route.abort())
  await page.reload()
  await expect(days).toHaveValue(String(before))
  await elsewhere.goto('/settings/door')
  await elsewhere.getByLabel(/Days without use/).fill(String(before + 1))
  await elsewhere.getByRole('button', { name: 'Save' }).click()
  await expect(elsewhere.getByText('Saved.')).toBeVisible()
  await days.fill(String(before + 2))
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText(/changed elsewhere/)).toBeVisible()
  await expect(days).toHaveValue(String(before + 1))
  await elsewhere.getByLabel(/Days without use/).fill(String(before))
  await elsewhere.getByRole('button', { name: 'Save' }).click()
  await expect(elsewhere.getByRole('button', { name: 'Save' })).not.toHaveAttribute('aria-busy')
})

test('a shared space is a folder among its members’ files', async ({ page }) => {
  const name = fresh('Club ')
  await makeSpace(page, name)
  await page.goto('/files')
  await expect(page.getByRole('option', { name: new RegExp(name) })).toContainText('Shared space')
  // What has a name among one's own files would be hidden by a space of that name.
  await page.goto('/settings/spaces')
  await page.getByRole('button', { name: 'Make a shared space' }).first().click()
  const form = page.getByRole('dialog', { name: 'Make a shared space' })
  await form.getByLabel('Name of the folder').fill(name)
  await expect(form.getByText('something has this name already')).toBeVisible()
  await expect(form.getByRole('button', { name: 'Make a shared space' })).toBeDisabled()
})

test('an app password is shown once, opens WebDAV, and no longer after it is revoked', async ({ page, request }) => {
  const name = fresh('laptop ')
  await page.goto('/settings/account')
  await page.getByRole('button', { name: 'New app password' }).click()
  await page.getByLabel('What is it for?').fill(name)
  await page.getByRole('dialog').getByRole('button', { name: 'New app password' }).click()
  const shown = page.getByRole('dialog', { name: `The password for ${name}` })
  const secret = await shown.locator('code').last().innerText()
  const open = () => page.evaluate(async ({ user, password }) =>
    (await fetch(`/dav/files/${user}/`, { method: 'PROPFIND', headers: { Depth: '0', Authorization: `Basic ${btoa(`${user}:${password}`)}` }, credentials: 'omit' })).status, { user: owner.name, password: secret })
  expect(await open()).toBe(207)
  await shown.getByRole('button', { name: 'Close' }).click()
  await page.getByRole('button', { name: `Revoke: ${name}` }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await expect(page.getByRole('button', { name: `Revoke: ${name}` })).toHaveCount(0)
  await expect.poll(open).toBe(401)
  await request.dispose()
})

test('power asks first and says what it means; the machine of somebody else is left alone', async ({ page }) => {
  await page.goto('/settings')
  for (const [action, title, meaning] of [['Restart', 'Restart the box?', 'one to three minutes'], ['Shut down', 'Shut the box down?', 'power button']] as const) {
    await page.getByRole('button', { name: action }).click()
    const dialog = page.getByRole('dialog', { name: title })
    await expect(dialog).toContainText(meaning)
    await expectReadable(page)
    await dialog.getByRole('button', { name: action }).click()
    await expect(dialog.getByRole('alert')).toContainText("not the box's")
    await dialog.getByRole('button', { name: 'Cancel' }).click()
  }
  await expect(page.getByRole('button', { name: 'Restart' })).not.toHaveAttribute('aria-disabled', 'true')
})

test('a page says that the box restarts, and when it is back', async ({ page, complaints }) => {
  complaints.expect(/Failed to load resource|ERR_/)
  // The order is answered as the appliance does it; the end of the box is a network that is gone.
  await page.route('**/api/v1/power', (route) => route.fulfill({ status: 202, json: { do: 'restart', in_seconds: 1 } }))
  await page.goto('/settings')
  await page.getByRole('button', { name: 'Restart' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click()
  const banner = page.getByRole('status').getByText('The box restarts. It is back in a few minutes')
  await expect(banner).toBeVisible()
  await expect(page.getByRole('dialog')).toBeHidden()
  await expect(page.getByRole('button', { name: 'Restart' })).toHaveAttribute('aria-disabled', 'true')
  await page.context().setOffline(true)
  const gone = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/healthz'))
  await gone
  await page.context().setOffline(false)
  await expect(page.getByText('The box is back.')).toBeVisible()
  await expect(banner).toBeHidden()
})

test('the time zone is chosen by its name, and a machine that looks after its own network says so', async ({ page }) => {
  await page.goto('/settings/network')
  await expect(page.getByText('This machine looks after its own network.')).toBeVisible()
  await page.getByLabel('Time zone').fill('Europe/Atlantis')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('time.zone must be the name of a time zone')).toBeVisible()
  await page.getByLabel('Time zone').fill('Europe/Berlin')
  await page.getByLabel('Ask for the time over the network').selectOption('off')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Saved.', { exact: true })).toBeVisible()
  await page.reload()
  await expect(page.getByLabel('Time zone')).toHaveValue('Europe/Berlin')
  await expect(page.getByLabel('Ask for the time over the network')).toHaveValue('off')
})

// Only the appliance moves; the whole way is walked by tests/box/tests/vm_network.rs. Here the box is said to have moved.
test('an owner is asked on every page whether a new address shall stay', async ({ page }) => {
  const wired = { name: 'enp1s0', kind: 'ethernet', carrier: true, mac: '52:54:00:12:34:56', addresses: ['192.168.1.20/24'], gateway: '192.168.1.1', dns: [] }
  const status = { managed: true, host: 'croft', interfaces: [wired], trial: { until: new Date(Date.now() + 150_000).toISOString(), seconds_left: 150, before: {} } }
  await page.route('**/api/v1/network', (route) => route.fulfill({ json: status }))
  await page.route('**/api/v1/network/confirm', (route) => route.fulfill({ json: { ...status, trial: null } }))
  await page.goto('/files')
  const banner = page.getByRole('region', { name: 'The box has a new address. Keep it?' })
  await expect(banner).toContainText('Otherwise it goes back at')
  await banner.getByRole('button', { name: 'Keep it' }).click()
  await expect(page.getByText('The address stays.')).toBeVisible()
  await expect(banner).toHaveCount(0)
})
