/** A device that asks for its app password by itself: the page on which a person grants it. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { box, owner } from './box.ts'
import { certificate } from './certificate.ts'
import { expectReadable } from './readable.ts'
import { expect, test as base } from './test.ts'

/** A request of the device: status and JSON. */
type Send = (method: string, address: string, ...more: string[]) => { status: number; body: Record<string, unknown> }

/** A client beside the browser, which shares nothing with it. */
const test = base.extend<{ send: Send }>({
  send: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'croft-device-'))
    const trusted = join(folder, 'household.crt')
    writeFileSync(trusted, await certificate(box))
    await use((method, address, ...more) => {
      const said = execFileSync('curl', ['--silent', '--show-error', '--cacert', trusted, '--request', method, '--write-out', '\n%{http_code}', ...more, address], { encoding: 'utf8' })
      const end = said.lastIndexOf('\n')
      const text = said.slice(0, end)
      return { status: Number(said.slice(end + 1)), body: text.startsWith('{') ? JSON.parse(text) as Record<string, unknown> : {} }
    })
    rmSync(folder, { recursive: true, force: true })
  },
})

/** The device asks: its page, and how it asks whether it was granted. */
function begin(send: Send, device: string) {
  const { status, body } = send('POST', `${box.url}/index.php/login/v2`, '--user-agent', device)
  expect(status).toBe(200)
  const { login, poll } = body as { login: string; poll: { token: string; endpoint: string } }
  return { login, poll: () => send('POST', poll.endpoint, '--data-urlencode', `token=${poll.token}`) }
}

test('a device is granted an app password by its person, uses it, and is shut out again', async ({ page, send }) => {
  const device = `Phone of ${String(Date.now())}`
  const { login, poll } = begin(send, device)
  expect(poll().status).toBe(404)
  await page.goto(login)
  await expect(page.getByRole('heading', { name: 'A device asks to come in.' })).toBeVisible()
  await expect(page.getByText(device)).toBeVisible()
  await expect(page.getByText(`You are signed in as ${owner.displayName}.`)).toBeVisible()
  await expectReadable(page)
  await page.getByRole('button', { name: 'Grant' }).click()
  await expect(page.getByRole('heading', { name: 'Granted.' })).toBeVisible()
  await expectReadable(page)
  const { status, body } = poll()
  expect([status, body['server'], body['loginName']]).toEqual([200, box.url, owner.name])
  expect(poll().status).toBe(404)
  const open = () => send('PROPFIND', `${box.url}/remote.php/dav/files/${owner.name}/`, '--header', 'Depth: 0', '--user', `${owner.name}:${String(body['appPassword'])}`).status
  expect(open()).toBe(207)
  await page.getByRole('link', { name: 'Your devices' }).click()
  await page.getByRole('button', { name: `Revoke: ${device}` }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await expect(page.getByRole('button', { name: `Revoke: ${device}` })).toHaveCount(0)
  await expect.poll(open).toBe(401)
})

test('who is not signed in signs in first, and may refuse', async ({ browser, complaints, send }) => {
  const { login, poll } = begin(send, 'A stranger')
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } })
  await complaints.watch(context)
  const page = await context.newPage()
  await page.goto(login)
  await page.getByLabel('Name', { exact: true }).fill(owner.name)
  await page.getByLabel('Passphrase').fill(owner.passphrase)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Refuse' }).click()
  await expect(page.getByRole('heading', { name: 'Refused.' })).toBeVisible()
  expect(poll().status).toBe(404)
  await page.goto('/')
  await page.goto(login)
  await expect(page.getByRole('alert')).toContainText('No device waits here any more')
  await expectReadable(page)
  await context.close()
})
