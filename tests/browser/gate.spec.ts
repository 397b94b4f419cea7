/** The page of the plain port: what a device sees before it trusts the box. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { box, pairingCode } from './box.ts'
import { picture } from './picture.ts'
import { expectReadable } from './readable.ts'
import { expect, test } from './test.ts'

test('the plain page shows the fingerprint of the certificate and notices that it is installed', async ({ page }) => {
  expect(box.plainUrl, 'CROFT_HTTP_URL names the plain port').toBeDefined()
  // The console's picture has the pairing code behind `#`.
  await page.goto(`${box.plainUrl ?? ''}/#claim=${pairingCode()}`)
  const printed = execFileSync('openssl', ['x509', '-in', join(box.home, 'ca.pem'), '-noout', '-fingerprint', '-sha256'], { encoding: 'utf8' })
  const digits = printed.split('=')[1]?.replace(/[^0-9A-F]/g, '') ?? ''
  expect(digits).toHaveLength(64)
  expect((await page.locator('#fingerprint').innerText()).replace(/[^0-9A-F]/g, '')).toBe(digits)
  await expect(page.getByRole('status')).toHaveText(/It works/)
  await expect(page.locator('input')).toHaveCount(0)
  await expectReadable(page)
  await picture(page, 'claim-gate')
  await page.getByRole('link', { name: /Go on to/ }).click()
  await expect(page).toHaveURL(`${box.url}/#claim=${pairingCode()}`)
  await expect(page.getByLabel('Pairing code')).toHaveValue(pairingCode())
  await expectReadable(page)
  await picture(page, 'claim-code')
})

test('the encrypted door is trusted without ignoring anything', async ({ page }) => {
  const response = await page.goto('/')
  expect((await response?.securityDetails())?.protocol).toMatch(/TLS 1\.[23]/)
  expect(await page.evaluate(() => isSecureContext)).toBe(true)
})
