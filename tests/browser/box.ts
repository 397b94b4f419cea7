/** Where the box under test is, and what the tests know of it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

function wanted(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set; run these tests with \`cargo xtask test --only browser\``)
  return value
}

const state = join(import.meta.dirname, '.state')

export const box = {
  /** `https://localhost:PORT`. */
  url: wanted('CROFT_URL'),
  /** The box's folder. */
  home: wanted('CROFT_HOME'),
  /** The page of the plain port, where the caller tells it. */
  plainUrl: process.env['CROFT_HTTP_URL'],
  /** The process that holds the listeners; everything below it may be killed. */
  upPid: process.env['CROFT_UP_PID'],
  /** The owner's cookies, written by the claim. */
  ownerState: join(state, 'owner.json'),
  /** The owner's recovery words, written by the claim. */
  kit: join(state, 'kit.json'),
}

/** Who claims the box. */
export const owner = { name: 'ana', displayName: 'Ana Müller', passphrase: 'walnut harbour lantern 7', boxName: 'Hollyhock' }

/** The pairing code that the console shows. */
export const pairingCode = (): string => readFileSync(join(box.home, 'pairing-code'), 'utf8').trim()
