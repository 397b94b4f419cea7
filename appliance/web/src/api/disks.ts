import { queryOptions } from '@tanstack/react-query'
import { get, post, remove } from '@/api/http'
import { keys } from '@/api/keys'
import type { DiskView } from '@/api/types'

const of = ({ id }: DiskView) => ({ params: { id } })

/** What erasing a disk would take away; it is asked anew each time, since disks change. */
export const erasePlanQuery = (disk: DiskView) => queryOptions({
  queryKey: keys.erasing(disk.id, disk.contents), queryFn: () => post('/api/v1/disks/{id}/erase/plan', { contents: disk.contents }, of(disk)), gcTime: 0, retry: false,
})

/** Erases a disk, with its label as it was typed and a proof of the person. */
export const eraseDisk = (disk: DiskView, label: string, proof: string) =>
  post('/api/v1/disks/{id}/erase', { contents: disk.contents, label }, { ...of(disk), headers: { 'croft-proof': proof } })

/** Takes back the erasing of a disk. */
export const restoreDisk = (disk: DiskView) => post('/api/v1/disks/{id}/restore', { contents: disk.contents }, of(disk))

/** What would be read of a disk that is used as it is. */
export const adoptPlanQuery = (disk: DiskView) => queryOptions({
  queryKey: keys.adopting(disk.id, disk.contents), queryFn: () => post('/api/v1/disks/{id}/adopt/plan', { contents: disk.contents }, of(disk)), gcTime: 0, retry: false,
})

/** Uses a disk as it is from now on, for these people. */
export const adoptDisk = (disk: DiskView, members: string[]) => post('/api/v1/disks/{id}/adopt', { contents: disk.contents, members }, of(disk))

/** Uses a disk as it is no longer. */
export const releaseDisk = (id: string) => remove('/api/v1/disks/{id}/adopt', { params: { id } })

/** All that is used as it is, also what is not plugged in. */
export const adoptedQuery = queryOptions({ queryKey: keys.adopted, queryFn: () => get('/api/v1/disks/adopted') })

/** What is in a disk. */
export const insideQuery = (disk: DiskView) => queryOptions({
  queryKey: keys.inside(disk.id, disk.contents), queryFn: () => post('/api/v1/disks/{id}/look', { contents: disk.contents }, of(disk)), gcTime: 0, retry: false,
})
