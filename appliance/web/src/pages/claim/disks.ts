import type { Disk, DiskPart } from '@/api/types'
import { bytes } from '@/lib/units'
import type { Words } from '@/lib/words'

/** Parts smaller than this share of a disk are drawn as if they had it, so that they can be seen. */
const SMALLEST = 0.02

/** The disk by the name that stands on it. */
export const diskName = (t: Words, disk: Disk, locale: string): string => t.place.disk(disk.name, bytes(disk.size, locale))

/** What is on a disk, a line for each thing that somebody could miss. */
export function contentsOf(t: Words, disk: Disk, locale: string): string[] {
  if (disk.half_installed) return [t.place.half]
  if (disk.holds.is === 'nothing') return [t.place.empty]
  if (disk.holds.is === 'bytes') return [t.place.unreadable]
  const { parts } = disk.holds
  return parts.length === 0 ? [t.place.nothingIn] : parts.map((part) => partLine(t, part, locale))
}

function partLine(t: Words, part: DiskPart, locale: string): string {
  if (part.kind === 'croft' && part.used != null) return t.place.used(bytes(part.used, locale))
  const what = part.file_system === '' ? t.place.kinds[part.kind] : `${t.place.kinds[part.kind]} (${part.file_system})`
  const named = part.name === '' ? what : `${part.name}: ${what}`
  return `${named}, ${bytes(part.size, locale)}`
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
