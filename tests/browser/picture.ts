/** Pictures for the guide, taken while the tests drive a real box: only when somebody asks with `CROFT_PICTURES=1`. */
import { join } from 'node:path'
import type { Page } from '@playwright/test'

const FOLDER = join(import.meta.dirname, '../../docs/guides/pictures')

/** Keeps what the page shows as `docs/guides/pictures/NAME.png`, small enough for a repository. */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env['CROFT_PICTURES'] === undefined) return
  const before = page.viewportSize()
  await page.setViewportSize({ width: 760, height: 560 })
  await page.evaluate(() => { if (document.activeElement instanceof HTMLElement) document.activeElement.blur(); scrollTo(0, 0) })
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' })
  if (before) await page.setViewportSize(before)
}
