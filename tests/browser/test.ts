/** The tests' own `test`: a Chromium that trusts the household's certificate, and pages that may not say anything wrong. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test as base, chromium, type Browser, type BrowserContext, expect } from '@playwright/test'
import { box } from './box.ts'
import { certificate } from './certificate.ts'

export { expect }

/** Flags for a container: no sandbox of its own under root, and no calls home, which a closed network would refuse by the dozen. */
const FLAGS = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** Answers that a page expects, which Chromium prints as errors all the same: nobody signed in, a file that is there, a passphrase that is wrong. */
const EXPECTED = /Failed to load resource: the server responded with a status of (401|403|404|409|412|422|429) /

/** What pages said that they should not have said. */
export interface Complaints { list: string[]; watch: (context: BrowserContext) => Promise<void>; expect: (pattern: RegExp) => void }

export const test = base.extend<{ complaints: Complaints }, { trusting: Browser }>({
  trusting: [async ({}, use) => {
    const home = mkdtempSync(join(tmpdir(), 'croft-browser-'))
    try {
      await installCertificate(home)
      const root = process.getuid?.() === 0 ? ['--no-sandbox'] : []
      const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: [...FLAGS, ...root], env: { ...process.env, HOME: home } })
      await use(browser)
      await browser.close()
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  }, { scope: 'worker' }],

  browser: [async ({ trusting }, use) => { await use(trusting) }, { scope: 'worker' }],

  complaints: [async ({ context }, use) => {
    const list: string[] = []
    const expected: RegExp[] = [EXPECTED]
    const watch = async (watched: BrowserContext): Promise<void> => {
      await watched.addInitScript(() => {
        addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
          console.error(`CSP violation: ${violatedDirective} ${blockedURI} ${sample}`)
        })
      })
      watched.on('console', (message) => { if (message.type() === 'error' || message.type() === 'warning') list.push(message.text()) })
      watched.on('weberror', (error) => { list.push(error.error().stack ?? error.error().message) })
    }
    await watch(context)
    await use({ list, watch, expect: (pattern) => { expected.push(pattern) } })
    expect(list.filter((text) => !expected.some((pattern) => pattern.test(text)))).toEqual([])
  }, { auto: true }],
})

/** As the page of the plain port says for Linux: into the browser's own store of authorities. */
async function installCertificate(home: string): Promise<void> {
  const store = join(home, '.pki', 'nssdb')
  mkdirSync(store, { recursive: true })
  const file = join(home, 'household.crt')
  writeFileSync(file, await certificate(box))
  execFileSync('certutil', ['-N', '-d', `sql:${store}`, '--empty-password'])
  execFileSync('certutil', ['-A', '-d', `sql:${store}`, '-t', 'C,,', '-n', 'household', '-i', file])
}
