/** First run: from the pairing code to "All set", and back in through the door. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { box, owner, pairingCode } from './box.ts'
import { picture } from './picture.ts'
import { expectReadable } from './readable.ts'
import { expect, test } from './test.ts'

test('a box is claimed, signed out of, and signed in to', async ({ page, context }) => {
  const noViolations = (): Promise<void> => expectReadable(page)
  await page.goto('/files')

  await test.step('a wrong pairing code is refused with a sentence', async () => {
    await page.getByLabel('Pairing code').fill('WRONG-CODE')
    await page.getByRole('button', { name: 'Continue' }).click()
    await expect(page.getByRole('alert')).toBeVisible()
    await noViolations()
  })
  await test.step('the code of the console opens', async () => {
    await page.getByLabel('Pairing code').fill(pairingCode())
    await page.getByRole('button', { name: 'Continue' }).click()
  })
  await test.step('the owner is named', async () => {
    await page.getByLabel('What shall the box be called?').fill(owner.boxName)
    await page.getByLabel('Your name').fill(owner.displayName)
    await expect(page.getByLabel('Name to sign in with')).toHaveValue(owner.name)
    await page.getByLabel('Passphrase').fill('short')
    await expect(page.getByText('5 more characters at least.')).toBeVisible()
    await expect(page.getByRole('button', { name: 'Continue' })).toHaveAttribute('aria-disabled', 'true')
    await page.getByLabel('Passphrase').fill(owner.passphrase)
    await expect(page.getByText(/^Strong/)).toBeVisible()
    await noViolations()
    await picture(page, 'claim-person')
    await page.getByRole('button', { name: 'Continue' }).click()
  })
  const words = await test.step('the recovery kit is shown', async () => {
    await expect(page.locator('[data-word]')).toHaveCount(24)
    await expect(page.getByRole('img', { name: 'The 24 words as a QR code' })).toBeVisible()
    await noViolations()
    await picture(page, 'claim-kit')
    const shown = await page.locator('[data-word]').allInnerTexts()
    await page.emulateMedia({ media: 'print' })
    await expect(page.getByRole('button', { name: 'Print this page' })).toBeHidden()
    await expect(page.getByText(`Recovery kit of ${owner.boxName}`)).toBeVisible()
    await page.emulateMedia({ media: 'screen' })
    await page.getByRole('button', { name: 'I have printed or written it down' }).click()
    return shown
  })
  await test.step('it is asked back in part', async () => {
    const fields = page.getByLabel(/^Word \d+$/)
    await expect(fields).toHaveCount(3)
    for (const field of await fields.all()) await field.fill('wrong')
    await page.getByRole('button', { name: 'Finish' }).click()
    await expect(page.getByRole('alert')).toBeVisible()
    await noViolations()
    const labels = await page.locator('label').allInnerTexts()
    for (const label of labels) await page.getByLabel(label, { exact: true }).fill(words[Number(label.slice(5)) - 1] ?? '')
    await page.getByRole('button', { name: 'Finish' }).click()
  })
  await test.step('all is set', async () => {
    await expect(page.getByRole('heading', { name: 'All set.' })).toBeVisible()
    await page.getByRole('button', { name: 'Go home' }).click()
    // A machine whose disk is nearly full says so; that is no fault of the box.
    await expect(page.getByRole('heading', { name: new RegExp(`^(All is well at ${owner.boxName}|${owner.boxName} needs)`) })).toBeVisible()
  })
  await test.step('out and in again, to where one was', async () => {
    await page.goto('/activity')
    await page.getByRole('button', { name: owner.displayName }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await expect(page.getByRole('heading', { name: `Welcome to ${owner.boxName}.` })).toBeVisible()
    await noViolations()
    await page.getByLabel('Name', { exact: true }).fill(owner.name)
    await page.getByLabel('Passphrase').fill('not the passphrase')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page.getByRole('alert')).toBeVisible()
    await page.getByLabel('Passphrase').fill(owner.passphrase)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page.getByRole('heading', { name: 'Activity' })).toBeVisible()
    await expect(page).toHaveURL(`${box.url}/activity`)
  })
  mkdirSync(dirname(box.kit), { recursive: true })
  writeFileSync(box.kit, JSON.stringify(words))
  await context.storageState({ path: box.ownerState })
})
