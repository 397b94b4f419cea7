import type { Disk } from '@/api/types'
import type { DriveShape } from '@/ui/Drive'

/** How disks are drawn by the way in which they are connected. */
export const shapes: Record<Disk['bus'], DriveShape> = { sata: 'bay', virtual: 'bay', other: 'bay', nvme: 'stick', usb: 'plug', card: 'card' }
