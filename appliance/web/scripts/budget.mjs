// Measures what a browser must load before Home works: every script that index.html leads to without a dynamic import, and Home's own, gzipped. Fonts apart.
import { readdir, readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'

/** Gzipped bytes of JavaScript for the first load. */
const BUDGET_BYTES = 180_000

const dist = new URL('../dist/', import.meta.url)
const html = await readFile(new URL('index.html', dist), 'utf8')
const open = [...html.matchAll(/<(?:script|link)\b[^>]*?(?:src|href)="\/([^"]+\.js)"/g)].map((found) => found[1])
const home = (await readdir(new URL('assets/', dist))).find((name) => /^HomePage-.*\.js$/.test(name))
if (!home) throw new Error('there is no script of Home')
open.push(`assets/${home}`)
const seen = new Map()
while (open.length > 0) {
  const name = open.pop()
  if (seen.has(name)) continue
  const source = await readFile(new URL(name, dist))
  seen.set(name, gzipSync(source, { level: 9 }).length)
  const statics = source.toString().matchAll(/(?:^|[;}])\s*(?:import|export)\s*(?:[^"'();]*?from\s*)?["'](\.{1,2}\/[^"']+\.js)["']/g)
  for (const found of statics) open.push(new URL(found[1], new URL(name, dist)).href.slice(dist.href.length))
}
if (seen.size < 2) throw new Error('index.html leads to no script; was the app built?')
for (const [name, size] of seen) console.log(`${String(size).padStart(8)}  ${name}`)
const total = [...seen.values()].reduce((sum, size) => sum + size, 0)
console.log(`${String(total).padStart(8)}  of ${BUDGET_BYTES} bytes of gzipped JavaScript for the first load`)
if (total > BUDGET_BYTES) {
  console.error('The first load is over its budget. Load what the first page does not need with a dynamic import.')
  process.exit(1)
}
