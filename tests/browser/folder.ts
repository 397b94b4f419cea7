/** What tests of files begin with: a folder of their own with something in it. */
import { randomBytes } from 'node:crypto'
import type { Page } from '@playwright/test'
import { expect } from './test.ts'

/** A name of its own for each test, so that none needs another's leavings. */
export const fresh = (stem: string): string => `${stem} ${randomBytes(4).toString('hex')}`

export async function makeFolder(page: Page, name: string): Promise<void> {
  await page.goto('/files')
  await page.getByRole('button', { name: 'New folder' }).click()
  await page.getByLabel('Name of the folder').fill(name)
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('option', { name: new RegExp(`^${name}`) }).getByText(name).click()
  await expect(page.getByRole('heading', { name })).toBeVisible()
}

export async function makeSpace(page: Page, name: string): Promise<void> {
  await page.goto('/settings/spaces')
  await page.getByRole('button', { name: 'Make a shared space' }).first().click()
  const form = page.getByRole('dialog', { name: 'Make a shared space' })
  await form.getByLabel('Name of the folder').fill(name)
  await form.getByRole('button', { name: 'Make a shared space' }).click()
  await expect(page.getByRole('link', { name })).toBeVisible()
}

export async function choose(page: Page, files: { name: string; mimeType: string; buffer: Buffer }[]): Promise<void> {
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Upload' }).click()
  await page.getByRole('menuitem', { name: 'Files …' }).click()
  await (await chooser).setFiles(files)
}
