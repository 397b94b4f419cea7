import { createElement, type ReactElement } from 'react'
import { flushSync } from 'react-dom'
import { createRoot } from 'react-dom/client'
import { expect, test } from 'vitest'
import type { Disk } from '@/api/types'
import { catalogues } from '@/lib/words'
import { DiskCard } from '@/pages/claim/DiskCard'
import { EraseStep } from '@/pages/claim/EraseStep'
import { contentsOf, shareHeld, sharesOf } from '@/components/disks'

const disk = (more: Partial<Disk>): Disk => ({
  id: 'disk-0123456789abcdef', name: 'Fast Disk', serial: 'S12345', size: 500e9, bus: 'nvme', removable: false, runs_from: false,
  holds: { is: 'nothing' }, contents: '00', half_installed: false, ...more,
})

const parts: Disk['holds'] = { is: 'parts', parts: [
  { kind: 'boot', name: 'SYSTEM', file_system: 'vfat', size: 100e6 },
  { kind: 'files', name: 'Old photos', file_system: 'ntfs', size: 300e9 },
  { kind: 'croft', name: 'croft-data', file_system: 'btrfs', size: 150e9, used: 42e9 },
  { kind: 'unknown', name: '', file_system: '', size: 1e9 },
] }

test('what is on a disk is said in words', () => {
  const check = (more: Partial<Disk>, expected: string[]): void => { expect(contentsOf(catalogues.en, disk(more), 'en')).toEqual(expected) }
  check({}, ['Empty'])
  check({ holds: { is: 'bytes' } }, ['Something that cannot be read here'])
  check({ holds: { is: 'parts', parts: [] } }, ['A partition table, with nothing in it'])
  check({ holds: { is: 'bytes' }, half_installed: true }, ['Half installed: it can be chosen again'])
  check({ holds: parts }, [
    'SYSTEM: start of a computer (vfat), 100 MB', 'Old photos: files (ntfs), 300 GB', 'A Croft box with 42 GB of people’s files and settings', 'unknown, 1 GB',
  ])
})

test('a disk is drawn whole, its smallest part to be seen', () => {
  for (const holds of [parts, { is: 'nothing' }, { is: 'bytes' }] satisfies Disk['holds'][]) {
    const shares = sharesOf(disk({ holds }))
    expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
    expect(shares.every(({ share }) => share >= 0.015)).toBe(true)
  }
  const overfull: Disk['holds'] = { is: 'parts', parts: Array.from({ length: 100 }, () => ({ kind: 'files', name: '', file_system: '', size: 1 })) }
  expect(sharesOf(disk({ holds: overfull })).reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
})

test('what is used of a file system counts, where that is known', () => {
  const ntfs: Disk['holds'] = { is: 'parts', parts: [{ kind: 'files', name: 'Old photos', file_system: 'ntfs', size: 400e9, used: 125e9 }] }
  expect(contentsOf(catalogues.en, disk({ holds: ntfs }), 'en')).toEqual(['Old photos: files (ntfs), 125 GB of 400 GB used'])
  expect([ntfs, parts, { is: 'nothing' }, { is: 'bytes' }].map((holds) => shareHeld(disk({ holds: holds as Disk['holds'] })).toFixed(2))).toEqual(['0.25', '0.69', '0.00', '1.00'])
})

/** What a person would see. */
function drawn(element: ReactElement): HTMLElement {
  const place = document.body.appendChild(document.createElement('div'))
  flushSync(() => { createRoot(place).render(element) })
  return place
}

test('a disk that cannot be chosen is shown with its reason', () => {
  const card = (more: Partial<Disk>): HTMLElement => drawn(createElement(DiskCard, { disk: disk(more), chosen: false, onChoose: () => undefined }))
  const can = (place: HTMLElement): boolean => place.querySelector('input')?.disabled === false
  expect(can(card({}))).toBe(true)
  expect(card({}).textContent).toContain('Fast Disk, 500 GB')
  const small = card({ unfit: 'too_small' })
  expect([can(small), small.textContent?.includes('Too small for Croft.')]).toEqual([false, true])
  const stick = card({ runs_from: true, unfit: 'runs_from' })
  expect([can(stick), stick.textContent?.includes('It has to stay plugged in.')]).toEqual([true, true])
})

test('a disk with data is erased only after its label was typed', () => {
  const erased: string[] = []
  const onErase = (label: string): Promise<void> => { erased.push(label); return Promise.resolve() }
  const place = drawn(createElement(EraseStep, { disk: disk({ holds: parts, label: 'Old photos' }), onErase, onBack: () => Promise.resolve() }))
  expect(place.textContent).toContain('Old photos: files (ntfs), 300 GB')
  const type = (text: string): void => {
    const input = place.querySelector('input')
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(input, text)
    flushSync(() => { input?.dispatchEvent(new Event('input', { bubbles: true })) })
    flushSync(() => { place.querySelector<HTMLButtonElement>('button[type=submit]')?.click() })
  }
  for (const wrong of ['', 'Old', 'old photos', 'Old photos 2']) type(wrong)
  expect(erased).toEqual([])
  type('Old photos')
  expect(erased).toEqual(['Old photos'])
})
