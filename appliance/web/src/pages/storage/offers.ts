/** What is offered for which disk. Whether it is safe, the box says in its plan. Pure. */
import type { DiskView, Member, Pool, PoolChange, Protection } from '@/api/types'
import type { Words } from '@/lib/words'
import { copies, diskOf, memberName, memberOf, missing, nameOf, otherDisks, overwritten, type Scene } from '@/pages/storage/scene'

/** A change with the words that lead to it. */
export interface Offer { is: keyof Words['storage']['offers']; change: PoolChange }

/** Whether a disk can be taken: nothing uses it, and it can be written. */
export function isFree(scene: Scene, disk: DiskView): boolean {
  const { work } = scene.pool
  const taken = work != null && overwritten(work.change) === disk.id
  return !taken && !disk.runs_from && (disk.unfit == null || disk.unfit === 'too_small') && memberOf(scene, disk) === undefined
}

const asNew = ({ id, contents }: DiskView): { id: string; contents: string } => ({ id, contents })

const replace = (member: Member, disk: DiskView): PoolChange => ({ do: 'replace', member: member.number, disk: asNew(disk) })

/** Files that lie on a missing disk alone cannot be written anew by another one. */
const canBeRebuilt = (pool: Pool, member: Member): boolean => member.state !== 'missing' || pool.protection !== 'single'

/** Whether somebody has begun something. What the box begins by itself, it puts aside for what a person wants. */
export const isBusy = ({ work }: Pool): boolean => work != null && work.change.do !== 'scrub' && work.change.do !== 'protect'

/** What a disk that is not in the pool can be taken for, the best first. */
export function diskOffers(scene: Scene, disk: DiskView): Offer[] {
  const { pool } = scene
  if (isBusy(pool) || !isFree(scene, disk)) return []
  const instead = pool.members
    .filter((member) => member.state !== 'well' && member.size <= disk.size && canBeRebuilt(pool, member) && diskOf(scene, member)?.runs_from !== true)
    .map((member): Offer => ({ is: 'instead', change: replace(member, disk) }))
  if (missing(pool).length > 0) return instead
  const safer: Offer[] = pool.protection === 'single' ? [{ is: 'twice', change: { do: 'grow', disk: asNew(disk), protection: 'mirror' } }] : []
  // Left out, the second disk of a pool would make a mirror.
  const kept = pool.members.length === 1 ? { protection: pool.protection } : {}
  return [...instead, ...safer, { is: 'room', change: { do: 'grow', disk: asNew(disk), ...kept } }]
}

/** What can be done with a disk of the pool; nothing while another one is missing or not trusted. */
export function memberOffers(scene: Scene, member: Member): Offer[] {
  const { pool } = scene
  const alone = pool.members.every(({ number, state }) => number === member.number || state === 'well')
  if (isBusy(pool) || !alone || diskOf(scene, member)?.runs_from === true || !canBeRebuilt(pool, member)) return []
  const by = otherDisks(scene).filter((disk) => isFree(scene, disk) && member.size <= disk.size).toSorted(byLoss).map((disk): Offer => ({ is: 'by', change: replace(member, disk) }))
  const others = pool.members.length - 1
  const out: Offer[] = others >= copies[pool.protection] ? [{ is: member.state === 'missing' ? 'without' : 'out', change: { do: 'remove', member: member.number } }] : []
  return [...by, ...out]
}

/** First what is empty, then what is smallest. */
const byLoss = (a: DiskView, b: DiskView): number => Number(a.label != null) - Number(b.label != null) || a.size - b.size

/** How else the files could be kept on the disks that are there: with one missing, only less safe; with one that is not trusted, only safer. */
export function safetyOffers(pool: Pool): Offer[] {
  if (isBusy(pool)) return []
  const gone = missing(pool).length
  const doubted = pool.members.some(({ state }) => state === 'doubtful')
  const may = (wanted: Protection): boolean => copies[wanted] < copies[pool.protection] ? !doubted : copies[wanted] > copies[pool.protection] && gone === 0
  return (['single', 'mirror', 'triple'] as const)
    .filter((wanted) => may(wanted) && copies[wanted] <= pool.members.length - gone)
    .map((protection) => ({ is: protection, change: { do: 'protect', protection } }))
}

/** An offer in words. */
export function offerWords(t: Words, scene: Scene, { is, change }: Offer): string {
  const { offers } = t.storage
  if (is === 'instead') return offers.instead(change.do === 'replace' ? memberName(t, scene, change.member, 'inside') : '')
  if (is === 'by') return offers.by(nameOf(t, scene, overwritten(change) ?? ''))
  return offers[is]
}
