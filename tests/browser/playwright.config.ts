/** Drives a real box through a real browser. `cargo xtask test` starts an unclaimed box and says where it is in `CROFT_URL` and `CROFT_HOME`. */
import { defineConfig } from '@playwright/test'
import { box } from './box.ts'

/** An emulated machine takes its time. */
const patience = process.env['CROFT_EMULATED'] ? 8 : 1

export default defineConfig({
  testDir: '.',
  outputDir: 'test-results',
  // There is one box, and its settings are everybody's.
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  retries: 0,
  timeout: 60_000 * patience,
  expect: { timeout: 10_000 * patience },
  reporter: [['list']],
  use: { baseURL: box.url, locale: 'en-GB', actionTimeout: 10_000 * patience, trace: 'retain-on-failure', screenshot: 'only-on-failure' },
  projects: [
    { name: 'gate', testMatch: 'gate.spec.ts' },
    { name: 'claim', testMatch: 'claim.spec.ts', dependencies: ['gate'] },
    { name: 'house', testMatch: ['files.spec.ts', 'carry.spec.ts', 'pictures.spec.ts', 'photos.spec.ts', 'trash.spec.ts', 'times.spec.ts', 'links.spec.ts', 'settings.spec.ts', 'storage.spec.ts', 'apps.spec.ts', 'grant.spec.ts', 'pages.spec.ts'], dependencies: ['claim'], use: { storageState: box.ownerState } },
    // Kills everything, so nothing else runs beside or after it.
    { name: 'kill', testMatch: 'kill.spec.ts', dependencies: ['house'], use: { storageState: box.ownerState } },
  ],
})
