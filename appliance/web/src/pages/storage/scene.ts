/** What the page of storage stands on: the pool with the disks of the machine, and which of them is which. Pure. */
import type { DiskView, Member, Pool, PoolChange, Protection } from '@/api/types'
import type { Words } from '@/lib/words'

export interface Scene { pool: Pool; disks: readonly DiskView[] }

/** Copies of each file. */
export const copies: Record<Protection, number> = { single: 1, mirror: 2, triple: 3 }

/** The disk of a member; none while it is missing, or not listed yet. */
export const diskOf = ({ disks }: Scene, member: Member): DiskView | undefined => disks.find(({ id }) => id === member.disk)

/** The member of the pool that a disk is. */
export const memberOf = ({ pool }: Scene, disk: DiskView): Member | undefined => pool.members.find((member) => member.disk === disk.id)

/** The disks that are not in the pool. */
export const otherDisks = (scene: Scene): DiskView[] => scene.disks.filter((disk) => memberOf(scene, disk) === undefined)

export const missing = (pool: Pool): Member[] => pool.members.filter(({ state }) => state === 'missing')

/** Errors of a disk, of every kind. One that is not trusted and made none was away. */
export const errorsOf = ({ errors }: Member): number => Object.values(errors).reduce((sum, count) => sum + count, 0)

/** The disk that a change overwrites. */
export const overwritten = (change: PoolChange): string | undefined => change.do === 'grow' || change.do === 'replace' ? change.disk.id : undefined

/** A disk by the name that stands on it. */
export const nameOf = (t: Words, { disks }: Scene, id: string): string => disks.find((disk) => disk.id === id)?.name ?? t.storage.aDisk

/** A disk of the pool by its name, or by its number where it is missing or another one has come in its place; at the start of a sentence or `inside` it. */
export function memberName(t: Words, scene: Scene, number: number, where: 'start' | 'inside', replacedBy?: string): string {
  const member = scene.pool.members.find((one) => one.number === number)
  const disk = member && member.disk !== replacedBy ? diskOf(scene, member) : undefined
  return disk?.name ?? (where === 'start' ? t.storage.disk(number) : t.storage.inside(number))
}
