import { expect, test } from 'vitest'
import type { DiskView, Member, Pool, PoolChange, PoolStep, Protection } from '@/api/types'
import { catalogues } from '@/lib/words'
import { told } from '@/pages/storage/health'
import { diskOffers, memberOffers, offerWords, safetyOffers, type Offer } from '@/pages/storage/offers'
import type { Scene } from '@/pages/storage/scene'
import { ask, deed, endWords, headOf, stepsOf, stepWords } from '@/pages/storage/sentences'

const TB = 1e12
const id = (digit: number): string => `disk-${String(digit).repeat(16)}`

const disk = (digit: number, more: Partial<DiskView> = {}): DiskView => ({
  id: id(digit), name: `Drive ${String(digit)}`, serial: '', size: 4 * TB, bus: 'sata', removable: false, runs_from: false, holds: { is: 'nothing' }, contents: `c${String(digit)}`, half_installed: false, ...more,
})

const states = { w: 'well', d: 'doubtful', a: 'doubtful', m: 'missing' } as const

/** A pool whose disks 1, 2 … are as the letters say: well, doubtful by errors, doubtful since it was away, missing. */
function pool(protection: Protection, letters: string, more: Partial<Pool> = {}): Pool {
  const members = [...letters].map((letter, at): Member => ({
    number: at + 1, size: 4 * TB, used: TB, state: states[letter as 'w'], errors: { write: letter === 'd' ? 3 : 0, read: 0, flush: 0, corruption: 0, generation: 0 }, ...(letter === 'm' ? {} : { disk: id(at + 1) }),
  }))
  const state = letters.includes('m') ? 'disk-missing' : /[da]/.test(letters) ? 'doubtful' : protection === 'single' ? 'unprotected' : 'protected'
  return { state, protection, members, room: { usable: 4 * TB, used: TB, free: 3 * TB, unallocated: TB }, ...more }
}

/** That pool, with disk 9 beside it. */
const scene = (of: Pool, ninth: Partial<DiskView> = {}): Scene => ({
  pool: of, disks: [...of.members.filter(({ state }) => state !== 'missing').map(({ number }) => disk(number, { unfit: 'in_use' })), disk(9, ninth)],
})

const said = (of: Scene, offers: readonly Offer[]): string[] => offers.map((offer) => offerWords(catalogues.en, of, offer))

test('a disk that says nothing now is not called healthy, and when it last said something is shown', () => {
  const now = Date.UTC(2027, 0, 10)
  const reading = { at: new Date(now - 3 * 86_400_000).toISOString(), passed: true, celsius: 34, sectors: {} }
  const check = (health: DiskView['health'], sentences: string[], facts: string[]): void => {
    const found = told(catalogues.en, health === undefined ? disk(1) : disk(1, { health }), 'en', now)
    expect([found.sentences, found.facts]).toEqual([sentences, facts])
  }
  check({ verdict: 'well', reasons: [], reading }, ['Healthy.'], ['34 °C', 'told 3 days ago'])
  check({ verdict: 'well', reasons: [], reading, silence: 'asleep' }, ['Healthy.', 'Sleeps, and is not woken to be asked how it is.'], ['34 °C', 'told 3 days ago'])
  check({ verdict: 'unknown', reasons: [], reading, silence: 'trouble' }, ['Whether it is healthy is not known.', 'Could not be asked how it is.'], ['34 °C', 'told 3 days ago'])
  check({ verdict: 'watch', reasons: [{ is: 'worn', percent: 93 }], reading, silence: 'trouble' }, ['It has been written to 93% of what it was made for: plan to replace it.', 'Could not be asked how it is.'], ['34 °C', 'told 3 days ago'])
  check({ verdict: 'unknown', reasons: [], reading }, ['Whether it is healthy is not known.'], ['34 °C', 'told 3 days ago'])
  check({ verdict: 'unknown', reasons: [], silence: 'not-yet' }, ['Not asked yet how it is.'], [])
  check(undefined, ['Tells nothing of its health.'], [])
})

test('one sentence says how the data lies, and no more than is true', () => {
  const check = (of: Pool, expected: string): void => { expect(headOf(catalogues.en, { is: 'present', ...of }).title).toBe(expected) }
  check(pool('mirror', 'ww'), 'Everything is kept twice: any one disk may die.')
  check(pool('triple', 'www'), 'Everything is kept three times: any two disks may die.')
  check(pool('single', 'w'), 'Everything is kept once, on one disk.')
  check(pool('single', 'www'), 'Everything is kept once, on three disks.')
  check(pool('mirror', 'wm'), 'A disk is missing. Everything is still here, kept once.')
  check(pool('mirror', 'wwm'), 'A disk is missing. Everything is still here, part of it kept once.')
  check(pool('triple', 'wwm'), 'A disk is missing. Everything is still here, kept twice.')
  check(pool('triple', 'wwmm'), 'Two disks are missing. Everything is still here, part of it kept once.')
  check(pool('mirror', 'wmm'), 'Two disks are missing. Some files are out of reach.')
  check(pool('single', 'wm'), 'A disk is missing. Some files are out of reach.')
  check(pool('mirror', 'dm'), 'A disk is missing. Another one is not trusted, so something may be missing.')
  check(pool('mirror', 'wd'), 'A disk made errors, and is not trusted for now.')
  check(pool('mirror', 'wa'), 'A disk was away, and is not trusted for now.')
  check(pool('mirror', 'wda'), 'A disk made errors, and is not trusted for now.')
  check(pool('mirror', 'ww', { state: 'doubtful' }), 'Not everything has all its copies yet.')
  check(pool('mirror', 'wm', { state: 'read-only' }), 'Nothing can be written at the moment.')
  expect(headOf(catalogues.en, { is: 'absent', reason: 'no-root' }).title).toBe('Croft leaves the disks of this box as they are.')
})

test('a disk is offered for what the pool needs, and one that is used for nothing', () => {
  const check = (of: Pool, ninth: Partial<DiskView>, expected: string[]): void => {
    const here = scene(of, ninth)
    expect(said(here, here.disks.slice(-1).flatMap((last) => diskOffers(here, last)))).toEqual(expected)
  }
  const [twice, room, second] = ['Add this disk and keep everything twice', 'Add it for more room', 'Put it in place of disk 2']
  check(pool('single', 'w'), {}, [twice, room])
  check(pool('single', 'w'), { unfit: 'too_small' }, [twice, room])
  check(pool('mirror', 'ww'), {}, [room])
  check(pool('triple', 'www'), {}, [room])
  check(pool('mirror', 'wm'), {}, [second])
  check(pool('mirror', 'wm'), { size: 3 * TB }, [])
  check(pool('single', 'wm'), {}, [])
  check(pool('mirror', 'wd'), {}, ['Put it in place of Drive 2', room])
  for (const unfit of ['runs_from', 'read_only', 'in_use', 'unreadable', 'twin'] as const) check(pool('single', 'w'), { unfit }, [])
  check(pool('single', 'w'), { runs_from: true }, [])
  const work = (change: PoolChange): Partial<Pool> => ({ work: { change, step: 'compare', since: '2026-11-30T10:00:00Z', cancelling: false } })
  check(pool('mirror', 'ww', work({ do: 'scrub' })), {}, [room])
  check(pool('mirror', 'ww', work({ do: 'remove', member: 2 })), {}, [])
})

test('more room is asked for so that the second disk does not make a mirror by itself', () => {
  const check = (of: Pool, expected: PoolChange[]): void => { expect(diskOffers(scene(of), disk(9)).map(({ change }) => change)).toEqual(expected) }
  const ninth = { id: id(9), contents: 'c9' }
  check(pool('single', 'w'), [{ do: 'grow', disk: ninth, protection: 'mirror' }, { do: 'grow', disk: ninth, protection: 'single' }])
  check(pool('mirror', 'ww'), [{ do: 'grow', disk: ninth }])
  check(pool('mirror', 'wm'), [{ do: 'replace', member: 2, disk: ninth }])
})

test('a disk of the pool can be replaced and taken out where enough are left', () => {
  const check = (of: Pool, number: number, expected: string[], ninth: Partial<DiskView> = {}): void => {
    const here = scene(of, ninth)
    expect(said(here, of.members.filter((member) => member.number === number).flatMap((member) => memberOffers(here, member)))).toEqual(expected)
  }
  const by = 'Replace it by Drive 9'
  check(pool('single', 'w'), 1, [by])
  check(pool('single', 'ww'), 1, [by, 'Take it out'])
  check(pool('mirror', 'ww'), 1, [by])
  check(pool('mirror', 'www'), 1, [by, 'Take it out'])
  check(pool('mirror', 'www'), 1, ['Take it out'], { size: TB })
  check(pool('mirror', 'wm'), 2, [by])
  check(pool('mirror', 'wm'), 1, [])
  check(pool('mirror', 'wwm'), 3, [by, 'Go on without it'])
  check(pool('single', 'wm'), 2, [])
  check(pool('mirror', 'wwd'), 3, [by, 'Take it out'])
  check(pool('mirror', 'wwd'), 1, [])
  const boot = scene(pool('single', 'ww'))
  const first: Scene = { ...boot, disks: boot.disks.map((one) => ({ ...one, runs_from: one.id === id(1) })) }
  expect(first.pool.members.map((member) => memberOffers(first, member).length)).toEqual([0, 2])
  const two = scene(pool('mirror', 'wm'))
  const held: Scene = { ...two, disks: [disk(8, { size: 8 * TB }), disk(7, { label: 'Photos' }), ...two.disks] }
  expect(said(held, held.pool.members.slice(1).flatMap((member) => memberOffers(held, member)))).toEqual([by, 'Replace it by Drive 8', 'Replace it by Drive 7'])
})

test('other ways of keeping files are offered as far as the disks allow', () => {
  const check = (of: Pool, expected: string[]): void => { expect(safetyOffers(of).map(({ is }) => is)).toEqual(expected) }
  check(pool('single', 'w'), [])
  check(pool('single', 'ww'), ['mirror'])
  check(pool('mirror', 'ww'), ['single'])
  check(pool('mirror', 'www'), ['single', 'triple'])
  check(pool('mirror', 'wwm'), ['single'])
  check(pool('single', 'wwm'), [])
  check(pool('mirror', 'wwd'), ['triple'])
})

test('a change is asked for, told and ended in words', () => {
  const here = scene(pool('mirror', 'wm'))
  const new9 = { id: id(9), contents: '' }
  const check = (change: PoolChange, asked: string, told: string): void => {
    expect([ask(catalogues.en, here, change), deed(catalogues.en, here, change)]).toEqual([asked, told])
  }
  check({ do: 'grow', disk: new9 }, 'Add Drive 9?', 'Adding Drive 9')
  check({ do: 'grow', disk: new9, protection: 'mirror' }, 'Add Drive 9 and keep everything twice?', 'Adding Drive 9 and keeping everything twice')
  check({ do: 'protect', protection: 'single' }, 'Keep everything once from now on?', 'Keeping everything once')
  check({ do: 'replace', member: 2, disk: new9 }, 'Replace disk 2 by Drive 9?', 'Replacing disk 2 by Drive 9')
  check({ do: 'remove', member: 1 }, 'Take Drive 1 out?', 'Taking Drive 1 out')
  check({ do: 'scrub' }, 'Check everything now?', 'Checking everything')
  const after: Scene = { ...here, pool: { ...here.pool, members: here.pool.members.map((member) => ({ ...member, disk: id(member.number === 2 ? 9 : 1) })) } }
  const change: PoolChange = { do: 'replace', member: 2, disk: new9 }
  expect(endWords(catalogues.en, after, { change, at: '', how: { is: 'done' } }, 'yesterday')).toBe('Replacing disk 2 by Drive 9: done, yesterday.')
})

test('each step says what moves', () => {
  const { steps } = catalogues.en.storage
  const check = (step: PoolStep, change: PoolChange, before: Protection, expected: string): void => { expect(stepWords(catalogues.en, step, change, before)).toBe(expected) }
  const new9 = { id: id(9), contents: '' }
  check('spread', { do: 'grow', disk: new9, protection: 'mirror' }, 'single', steps.more)
  check('spread', { do: 'grow', disk: new9 }, 'mirror', steps.level)
  check('spread', { do: 'protect', protection: 'single' }, 'mirror', steps.fewer)
  check('spread', { do: 'protect', protection: 'mirror' }, 'mirror', steps.more)
  check('spread', { do: 'replace', member: 1, disk: new9 }, 'mirror', steps.more)
  check('spread', { do: 'remove', member: 1 }, 'mirror', steps.level)
  check('leave', { do: 'remove', member: 1 }, 'mirror', steps.leave)
  expect(stepsOf({ do: 'remove', member: 1 }, 'spread')).toEqual(['spread', 'leave'])
  expect(stepsOf({ do: 'scrub' }, 'compare')).toEqual(['compare'])
})
