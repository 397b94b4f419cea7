import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { catalogues } from '@/lib/words'
import { appsCatalogues } from '@/lib/words/apps'
import { diskCatalogues } from '@/lib/words/disks'
import { notifyCatalogues } from '@/lib/words/notify'
import { sharesCatalogues } from '@/lib/words/shares'
import { timesCatalogues } from '@/lib/words/times'

/** All keys of a catalogue with their values, dotted. */
function leaves(node: object, under = ''): [string, unknown][] {
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null ? leaves(value, `${under}${key}.`) : [[under + key, value]])
}

const source = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !name.startsWith(join('lib', 'words')) && !name.includes('.test.'))
  .map((name) => readFileSync(join('src', name), 'utf8')).join('\n')

/** Groups whose words are reached by a computed key. */
const COMPUTED = /^(nav\.\w+$|strength|theme\.(light|dark)|home\.roleStates|home\.(notice|degraded|critical|owner|member)|settings\.(rights|box|people|spaces|account|door|network|shares|notify|owner|member)|repairs\.severity|palette\.groups|place\.(buses|kinds|unfit)|reach\.leaving|problems\.byCode|files\.(name|size|modified)|d\.(adopt|release|why))\b/

/** The catalogues of a language in one. Those that stand apart are called by a letter where they are used. */
const whole = (language: 'en' | 'de') => ({ ...catalogues[language], a: appsCatalogues[language], d: diskCatalogues[language], n: notifyCatalogues[language], s: sharesCatalogues[language], w: timesCatalogues[language] })

test('both catalogues have the same words, none empty', () => {
  const english = leaves(whole('en'))
  const german = new Map(leaves(whole('de')))
  expect([...german.keys()]).toEqual(english.map(([key]) => key))
  for (const [key, value] of english) {
    expect(typeof german.get(key), key).toBe(typeof value)
    expect(value === '' || german.get(key) === '', key).toBe(false)
  }
})

test('every word is used', () => {
  const isUsed = (key: string): boolean => {
    const [group = '', name = ''] = key.split('.')
    // Also `const { problems } = words()` and `words={t.common}`.
    if (group.length === 1) return new RegExp(`[^\\w.]${group}\\.${name}\\b`).test(source)
    return source.includes(`.${group}.${name}`) || source.includes(` ${group}.${name}`) || (group === 'common' && source.includes(`words.${name}`))
  }
  const unused = leaves(whole('en')).map(([key]) => key).filter((key) => !COMPUTED.test(key) && !isUsed(key))
  expect(unused).toEqual([])
})
