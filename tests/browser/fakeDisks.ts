/**
 * Disks in the states that matter, and a pool on some of them: what the box would say at `/api/v1/disks` and `/api/v1/pool`, said by the browser
 * instead. The shapes are the API's own, so they cannot drift; real pools are driven elsewhere.
 */
import type { Page, Route } from '@playwright/test'
import type { components } from '../../appliance/web/src/api/generated/schema.ts'
import { owner } from './box.ts'

type Schemas = components['schemas']
export type Disk = Schemas['DiskView']
export type Pool = Schemas['Pool']
export type PoolChange = Schemas['PoolChange']
export type PoolPlan = Schemas['PoolPlan']
type Member = Schemas['Member']
type PoolView = Schemas['PoolView']
type Problem = Schemas['Problem']
type Protection = Schemas['Protection']

const TB = 1e12
const GB = 1e9
const MINUTE_MS = 60_000

export const ago = (minutes: number): string => new Date(Date.now() - minutes * MINUTE_MS).toISOString()

const disk = (digit: string, more: Partial<Disk>): Disk => ({
  id: `disk-${digit.repeat(16)}`, name: 'Disk', serial: `SN-${digit.repeat(4)}`, size: 4 * TB, bus: 'sata', removable: false, runs_from: false,
  holds: { is: 'nothing' }, contents: digit.repeat(8), half_installed: false, ...more,
})

/** How a disk is that tells it. */
const health = (verdict: Schemas['Verdict'], reasons: Schemas['HealthReason'][], reading: Partial<Schemas['DiskReading']> = {}, silence: Schemas['Silence'] | null = null): Pick<Disk, 'health'> => ({
  health: { verdict, reasons, reading: { at: ago(90), passed: verdict !== 'failing', celsius: 34, powered_hours: 9000, spins: true, sectors: {}, ...reading }, silence },
})

const part = (more: Partial<Schemas['Part']>): Schemas['Part'] => ({ kind: 'files', name: '', file_system: '', size: 0, ...more })
const pooled = { holds: { is: 'parts' as const, parts: [part({ kind: 'croft', name: 'croft-data', file_system: 'btrfs', size: 4 * TB })] }, unfit: 'in_use' as const }

export const disks = {
  red: disk('1', { name: 'WDC Red Plus', serial: 'WD-C4C0A1', plug: { is: 'sata', port: 1 }, member: 1, ...health('well', []), ...pooled }),
  wolf: disk('2', { name: 'Seagate IronWolf', serial: 'ZGY9K2P1', plug: { is: 'sata', port: 2 }, member: 2, ...health('old', [{ is: 'old', years: 6 }], { powered_hours: 53_000 }), ...pooled }),
  /** The box starts from it. */
  system: disk('3', {
    name: 'Samsung SSD 980', serial: 'S649NX0R', size: 250 * GB, bus: 'nvme', runs_from: true, unfit: 'runs_from',
    holds: { is: 'parts', parts: [part({ kind: 'boot', name: 'ESP', file_system: 'vfat', size: GB }), part({ kind: 'system', name: 'croft_1_root', size: 3 * GB })] },
  }),
  /** Empty, and as large as those of the pool. */
  empty: disk('4', { name: 'Toshiba N300', serial: 'X0F1A03K' }),
  /** Somebody's photos. */
  photos: disk('5', {
    name: 'WD My Passport', serial: 'WXQ1E32', size: 5 * TB, bus: 'usb', removable: true, label: 'Holiday photos', plug: { is: 'usb', bus: 2, ports: [1, 4] }, ...health('unknown', []),
    holds: { is: 'parts', parts: [part({ name: 'Holiday photos', file_system: 'ntfs', size: 4.9 * TB, used: 812 * GB }), part({ kind: 'unknown', size: 16e6 })] },
  }),
  card: disk('6', {
    name: 'SanDisk Extreme', serial: '', size: 64 * GB, bus: 'card', removable: true, label: 'SanDisk Extreme',
    holds: { is: 'parts', parts: [part({ kind: 'locked', file_system: 'crypto_LUKS', size: 64 * GB })] },
  }),
  /** From another box. */
  foreign: disk('7', {
    name: 'HGST Deskstar', serial: 'K7J0M2', size: 3 * TB, label: 'HGST Deskstar 0M2', ...health('unknown', [], { at: ago(3 * 24 * 60) }, 'trouble'),
    holds: { is: 'parts', parts: [part({ kind: 'member', name: 'old-nas:0', file_system: 'linux_raid_member', size: 3 * TB })] },
  }),
  /** The disk itself says that it fails, and it loses what is on it. */
  failing: disk('9', {
    name: 'Hitachi Ultrastar', serial: 'JK11A8', size: 2 * TB, label: 'Archive', plug: { is: 'sata', port: 4 },
    holds: { is: 'parts', parts: [part({ name: 'Archive', file_system: 'ext4', size: 2 * TB })] },
    ...health('failing', [{ is: 'own-verdict' }, { is: 'writing-off', sectors: 24, since: ago(7 * 24 * 60) }], { celsius: 41, powered_hours: 31_744 }),
  }),
  hot: disk('a', { name: 'Maxtor One', serial: 'B80', plug: { is: 'sata', port: 5 }, ...health('watch', [{ is: 'hot', celsius: 61 }], { celsius: 61 }) }),
  worn: disk('b', {
    name: 'Kingston NV2', serial: 'KN77', size: TB, bus: 'nvme', plug: { is: 'slot', address: '03:00.0' }, ...health('watch', [{ is: 'worn', percent: 93 }], { worn_percent: 93, spins: false }),
  }),
  /** One of two disks of another box's pool. */
  neighbour: disk('c', {
    name: 'Seagate Barracuda', serial: 'ST99', size: 3 * TB, label: 'Seagate Barracuda ST99', several: { croft: true, disks: 2, here: 1 },
    holds: { is: 'parts', parts: [part({ kind: 'croft', name: 'croft-pool', file_system: 'btrfs', size: 3 * TB })] },
  }),
  broken: disk('8', { name: 'Intenso Speed Line', serial: '', size: 32 * GB, bus: 'usb', removable: true, unfit: 'unreadable', holds: { is: 'bytes' } }),
}

export const errors = (more: Partial<Schemas['MemberErrors']> = {}): Schemas['MemberErrors'] => ({ write: 0, read: 0, flush: 0, corruption: 0, generation: 0, ...more })

export const member = (number: number, of: Disk | undefined, more: Partial<Member> = {}): Member => ({
  number, size: 4 * TB, used: 2.1 * TB, state: of ? 'well' : 'missing', errors: errors(), ...(of ? { disk: of.id } : {}), ...more,
})

/** A pool of two disks that keeps everything twice; the others as a change of it. */
export const mirror = (more: Partial<Pool> = {}): Pool => ({
  state: 'protected', protection: 'mirror', members: [member(1, disks.red), member(2, disks.wolf)],
  room: { usable: 4 * TB, used: 2.1 * TB, free: 1.88 * TB, unallocated: 3.7 * TB },
  checked: { at: ago(9 * 24 * 60), read: 4.2 * TB, mended: 0, lost: 0, files: [] },
  ...more,
})

export const single = (more: Partial<Pool> = {}): Pool => mirror({ state: 'unprotected', protection: 'single', members: [member(1, disks.red)], ...more })
export const oneMissing = (more: Partial<Pool> = {}): Pool => mirror({ state: 'disk-missing', members: [member(1, disks.red), member(2, undefined)], ...more })

const problem = (status: number, code: string, detail: string, hint?: string): Problem => ({
  type: `https://croft.example/problems/${code}`, title: detail, status, code, detail, ...(hint === undefined ? {} : { hint }),
})

export const refusal = { noRoom: problem(409, 'pool-no-room', 'What the pool holds would not fit: 1.1 TB are missing.', 'Delete what nobody needs, or use a larger disk.') }

const copies: Record<Protection, number> = { single: 1, mirror: 2, triple: 3 }

/** The box's answers about disks. A test changes what it likes between looks. */
export class FakeDisks {
  disks: Disk[] = Object.values(disks)
  view: PoolView = { is: 'present', ...mirror() }
  /** Stands in for the plan of each change. */
  refuses: Problem | undefined
  /** What was begun, with the proof that came along. */
  readonly begun: { change: PoolChange; proof: string | undefined }[] = []

  /** What is in the disk that is looked into. */
  inside: Schemas['Inside'] = { parts: [{
    name: 'Archive', file_system: 'ext4', used: 1.2 * TB, size: 2 * TB, files: 4711, whole: false,
    top: [{ path: 'Letters', folder: true, size: 0, modified: ago(60) }, { path: 'a\u{fffd}b.txt', folder: false, size: 1200, modified: ago(90) }],
    newest: [{ path: 'Letters/2025/tax.pdf', folder: false, size: 90_000, modified: ago(60) }],
  }] }
  /** Disks that were erased, as they were. */
  private readonly before = new Map<string, Disk>()

  constructor(pool?: Pool) {
    if (!pool) return
    this.view = { is: 'present', ...pool }
    const away = pool.members.every(({ disk: id }) => id !== disks.wolf.id)
    if (away) this.disks = this.disks.filter(({ id }) => id !== disks.wolf.id)
  }

  get pool(): Pool {
    if (this.view.is !== 'present') throw new Error('there is no pool')
    return this.view
  }

  become(pool: Partial<Pool>): void {
    this.view = { ...this.pool, is: 'present', ...pool }
  }

  /** The change that is under way moves on. */
  move(step: Schemas['PoolStep'], done?: number, total?: number, secondsLeft?: number): void {
    const { work } = this.pool
    if (!work) throw new Error('nothing is under way')
    this.become({ work: {
      ...work, step, ...(done === undefined || total === undefined ? { progress: null } : { progress: { done, total } }), ...(secondsLeft === undefined ? { seconds_left: null } : { seconds_left: secondsLeft }),
    } })
  }

  /** The change that is under way ends, and leaves the pool as it says. */
  end(how: Schemas['PoolEnd'], pool: Partial<Pool> = {}): void {
    const { change } = this.pool.work ?? { change: { do: 'scrub' as const } }
    this.become({ ...pool, work: null, last: { change, at: ago(0), how } })
  }

  async answer(page: Page): Promise<void> {
    await page.route('**/api/v1/disks', (route) => json(route, 200, this.disks))
    await page.route('**/api/v1/disks/*/look', (route) => json(route, 200, this.inside))
    await page.route('**/api/v1/disks/*/erase/plan', (route) => json(route, 200, this.erasePlan(this.asked(route))))
    await page.route('**/api/v1/disks/*/erase', (route) => this.erase(route))
    await page.route('**/api/v1/disks/*/restore', (route) => this.restore(route))
    await page.route('**/api/v1/pool', (route) => json(route, 200, this.view))
    await page.route('**/api/v1/pool/plan', (route) => this.refuses ? refuse(route, this.refuses) : json(route, 200, this.plan(route.request().postDataJSON() as PoolChange)))
    await page.route('**/api/v1/session/proof', (route) => {
      const { passphrase, operation, target } = route.request().postDataJSON() as Schemas['Prove']
      if (passphrase !== owner.passphrase) return refuse(route, problem(403, 'passphrase-wrong', 'This is not your passphrase.'))
      return json(route, 201, { proof: proofOf({ operation, target }), expires: Math.floor(Date.now() / 1000) + 120 } satisfies Schemas['Proved'])
    })
    await page.route('**/api/v1/pool/changes', (route) => route.request().method() === 'DELETE' ? this.giveUp(route) : this.begin(route))
  }

  private asked(route: Route): Disk {
    const found = this.disks.find(({ id }) => route.request().url().includes(id))
    if (!found) throw new Error('no such disk')
    return found
  }

  private erasePlan(disk: Disk): Schemas['ErasePlan'] {
    return { lost: disk.holds, label: disk.label ?? '', until: ago(-7 * 24 * 60), proof: { operation: 'disk.erase', target: `${disk.id} ${disk.contents}` } }
  }

  private erase(route: Route): Promise<void> {
    const disk = this.asked(route)
    const plan = this.erasePlan(disk)
    const { label } = route.request().postDataJSON() as Schemas['EraseDisk']
    if (label !== plan.label) return refuse(route, problem(422, 'label-wrong', 'The disk is overwritten only after its label was typed.'))
    if (route.request().headers()['croft-proof'] !== proofOf(plan.proof)) return refuse(route, problem(403, 'proof-missing', 'This cannot be undone, so it asks for your passphrase once more.'))
    this.before.set(disk.id, disk)
    const erased: Disk = { ...disk, holds: { is: 'nothing' }, label: null, contents: 'erased', kept: { at: ago(0), until: plan.until, untouched: true } }
    this.disks = this.disks.map((one) => one === disk ? erased : one)
    return json(route, 202, { kind: 'erase', end: { is: 'done' } } satisfies Schemas['DiskWork'])
  }

  private restore(route: Route): Promise<void> {
    const disk = this.asked(route)
    this.disks = this.disks.map((one) => one === disk ? this.before.get(disk.id) ?? one : one)
    return json(route, 202, { kind: 'restore', end: { is: 'done' } } satisfies Schemas['DiskWork'])
  }

  private giveUp(route: Route): Promise<void> {
    this.end({ is: 'cancelled' })
    return json(route, 202, this.pool)
  }

  private begin(route: Route): Promise<void> {
    const change = route.request().postDataJSON() as PoolChange
    const plan = this.plan(change)
    const proof = route.request().headers()['croft-proof']
    if (plan.label != null && ('disk' in change ? change.disk.label : undefined) !== plan.label) return refuse(route, problem(422, 'label-wrong', 'The disk is overwritten only after its label was typed.'))
    if (plan.proof != null && proof !== proofOf(plan.proof)) return refuse(route, problem(403, 'proof-missing', 'This cannot be undone, so it asks for your passphrase once more.'))
    this.begun.push({ change, proof })
    this.become({ work: { change, step: plan.steps[0] ?? 'compare', since: ago(0), cancelling: false } })
    return json(route, 202, this.pool)
  }

  private plan(change: PoolChange): PoolPlan {
    const { protection, members, room } = this.pool
    const after = change.do === 'protect' ? change.protection : change.do === 'grow' ? change.protection ?? protection : protection
    const count = members.length + (change.do === 'grow' ? 1 : 0) - (change.do === 'remove' ? 1 : 0)
    const overwrites = this.disks.find(({ id }) => 'disk' in change && change.disk.id === id)
    const steps: Record<PoolChange['do'], Schemas['PoolStep'][]> = { grow: ['join', 'spread'], protect: ['spread'], replace: ['rebuild', 'spread', 'compare'], remove: ['leave'], scrub: ['compare'] }
    const target = [...('member' in change ? [String(change.member)] : []), ...(overwrites ? [overwrites.id] : [])].join(' ')
    return {
      steps: steps[change.do], protection_before: protection, protection_after: after, usable_before: room.usable,
      usable_after: (count * 4 * TB) / copies[after], seconds: 11_000, can_be_cancelled: true,
      ...(overwrites ? { overwrites: overwrites.id, label: overwrites.label ?? null } : {}),
      ...(change.do === 'scrub' || (change.do === 'protect' && copies[after] >= copies[protection]) ? {} : { proof: { operation: `pool.${change.do}`, target } }),
    }
  }
}

const proofOf = ({ operation, target }: { operation: string; target: string }): string => Buffer.from(`${operation} of ${target}`).toString('base64url')

const json = (route: Route, status: number, body: unknown): Promise<void> => route.fulfill({ status, json: body })
const refuse = (route: Route, body: Problem): Promise<void> => route.fulfill({ status: body.status, contentType: 'application/problem+json', body: JSON.stringify(body) })
