// After the build: presses everything that gets smaller, so that the box never spends time on it.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

const dist = new URL('../dist/', import.meta.url).pathname

/** Endings that are not pressed already. */
const TEXT = new Set(['.html', '.css', '.js', '.svg', '.json', '.webmanifest'])

const files = (await readdir(dist, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
for (const file of files.filter((name) => TEXT.has(extname(name)))) {
  const plain = await readFile(file)
  const pressed = gzipSync(plain, { level: 9 })
  if (pressed.length < plain.length) await writeFile(`${file}.gz`, pressed)
}
