/** What can be done with a single disk that neither the box nor its pool uses. Pure. */
import type { DiskView } from '@/api/types'

/** What a person wants to do with a disk. */
export type Deed = 'adopt' | 'release' | 'look' | 'erase' | 'back'

export interface Wish { deed: Deed; disk: DiskView }

export function deedsOf(disk: DiskView): Deed[] {
  const { unfit, member, holds, kept, adopted = [] } = disk
  if (adopted.length > 0) return ['release']
  const free = unfit == null || unfit === 'too_small'
  if (member != null || isWorkedOn(disk) || (!free && unfit !== 'read_only')) return []
  const readable = holds.is === 'parts' && holds.parts.some(({ file_system: kind }) => kind !== '')
  // What keeps everything comes first, and what destroys last.
  return [...(readable ? ['adopt' as const, 'look' as const] : []), ...(free && kept?.untouched === true ? ['back' as const] : []), ...(free && disk.label != null ? ['erase' as const] : [])]
}

/** Whether the box is just erasing it, or taking that back. */
export const isWorkedOn = ({ work }: DiskView): boolean => work != null && work.end == null
