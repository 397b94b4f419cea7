/** What was acknowledged is there: every process is killed the moment that an upload is done. */
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { box } from './box.ts'
import { expect, test } from './test.ts'

/** All processes below one, by what the kernel says. */
function below(pid: number): number[] {
  const parents = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      // The name of the program stands in brackets and may hold anything; the parent is the second word after it.
      const after = readFileSync(`/proc/${name}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
      return [[Number(name), Number(after[1])] as const]
    } catch {
      return [] // It ended meanwhile.
    }
  })
  const children = parents.filter(([, parent]) => parent === pid).map(([child]) => child)
  return children.flatMap((child) => [child, ...below(child)])
}

test('a file that was uploaded survives SIGKILL of everything', async ({ page, complaints }) => {
  test.setTimeout(180_000)
  // Other tests have left folders, which stand first; only rows in sight are in the page.
  await page.setViewportSize({ width: 1280, height: 4000 })
  expect(box.upPid, 'CROFT_UP_PID names the process of `up`').toBeDefined()
  complaints.expect(/ERR_(CONNECTION|INCOMPLETE|HTTP2|EMPTY|NETWORK|FAILED)|502|503/)
  const bytes = randomBytes(20_000_000)
  const name = `kept ${randomBytes(4).toString('hex')}.bin`
  await page.goto('/files')
  const acknowledged = page.waitForResponse((response) => response.request().method() === 'PUT', { timeout: 60_000 })
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Upload' }).click()
  await page.getByRole('menuitem', { name: 'Files …' }).click()
  await (await chooser).setFiles([{ name, mimeType: 'application/octet-stream', buffer: bytes }])
  expect((await acknowledged).status()).toBe(201)
  const victims = below(Number(box.upPid))
  expect(victims.length).toBeGreaterThan(3)
  for (const victim of victims) {
    try {
      process.kill(victim, 'SIGKILL')
    } catch {
      // Its parent took it along.
    }
  }
  await expect.poll(() => below(Number(box.upPid)).filter((pid) => victims.includes(pid))).toEqual([])
  await expect(async () => {
    await page.goto('/files')
    await expect(page.getByRole('option', { name: new RegExp(name) })).toBeVisible({ timeout: 2000 })
  }).toPass({ timeout: 40_000 })
  await page.getByRole('option', { name: new RegExp(name) }).click()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download' }).click()
  const got = createHash('sha256').update(readFileSync(await (await download).path())).digest('hex')
  expect(got).toBe(createHash('sha256').update(bytes).digest('hex'))
})
