import type { AdoptedState, Disk, DiskPart } from '@/api/types'
import { bytes } from '@/lib/units'
import type { Words } from '@/lib/words'
import type { DiskWords } from '@/lib/words/disks'

/** Parts smaller than this share of a disk are drawn as if they had it, so that they can be seen. */
const SMALLEST = 0.02

/** The disk by the name that stands on it. */
export const diskName = (t: Words, disk: Disk, locale: string): string => t.place.disk(disk.name, bytes(disk.size, locale))

/** The same, to be told from others of its kind. */
export const diskInFull = (t: Words, disk: Disk, locale: string): string => [diskName(t, disk, locale), ...(disk.serial === '' ? [] : [t.storage.serial(disk.serial)])].join(', ')

/** Where a disk is plugged in, or at least how. */
export function plugOf(t: Words, { plug, bus }: Disk): string {
  switch (plug?.is) {
    case 'usb': {
      const [port = 0, ...hub] = plug.ports
      return hub.length > 0 ? t.diskCare.place.hub(port, hub.join('.')) : t.diskCare.place.usb(port)
    }
    case 'sata': return t.diskCare.place.sata(plug.port)
    case 'slot': return t.diskCare.place.slot
    case 'card': return t.diskCare.place.card
    default: return t.place.buses[bus]
  }
}

/** What is on a disk, a line for each thing that somebody could miss. */
export function contentsOf(t: Words, disk: Disk, locale: string): string[] {
  if (disk.half_installed) return [t.place.half]
  if (disk.several != null) return [(disk.several.croft ? t.diskCare.otherPool : t.diskCare.several)(disk.several.here, disk.several.disks)]
  if (disk.holds.is === 'nothing') return [t.place.empty]
  if (disk.holds.is === 'bytes') return [t.place.unreadable]
  const { parts } = disk.holds
  return parts.length === 0 ? [t.place.nothingIn] : parts.map((part) => partLine(t, part, locale))
}

function partLine(t: Words, part: DiskPart, locale: string): string {
  if (part.kind === 'croft' && part.used != null) return t.place.used(bytes(part.used, locale))
  const what = part.file_system === '' ? t.place.kinds[part.kind] : `${t.place.kinds[part.kind]} (${part.file_system})`
  const named = part.name === '' ? what : `${part.name}: ${what}`
  const size = bytes(part.size, locale)
  return `${named}, ${part.used == null ? size : t.place.partUsed(bytes(part.used, locale), size)}`
}

/** How it is with something that is used as it is. */
export function adoptedState(d: DiskWords, state: AdoptedState): string {
  switch (state.is) {
    case 'there': return state.unfinished ? d.state.unfinished : d.state.read
    case 'away': return d.state.away
    default: return d.state.unread(d.why[state.why])
  }
}

/** How much of a disk is taken: what is used, where that is known. */
export function shareHeld({ holds, size }: Disk): number {
  if (holds.is === 'nothing') return 0
  return holds.is === 'bytes' ? 1 : holds.parts.reduce((sum, part) => sum + (part.used ?? part.size), 0) / size
}

/** Shares of a disk for drawing it: its parts, and what is left over. */
export function sharesOf(disk: Disk): { kind: DiskPart['kind'] | 'free'; share: number }[] {
  const parts = disk.holds.is === 'parts' ? disk.holds.parts : []
  const raw = disk.holds.is === 'bytes' ? [{ kind: 'unknown' as const, share: 1 }] : parts.map((part) => ({ kind: part.kind, share: Math.max(SMALLEST, part.size / disk.size) }))
  const sum = raw.reduce((total, part) => total + part.share, 0)
  const free = { kind: 'free' as const, share: Math.max(0, 1 - sum) }
  const all = free.share > 0 ? [...raw, free] : raw
  const whole = Math.max(1, sum)
  return all.map(({ kind, share }) => ({ kind, share: share / whole }))
}
