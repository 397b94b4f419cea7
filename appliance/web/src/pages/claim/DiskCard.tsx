import type { ReactNode } from 'react'
import type { Disk } from '@/api/types'
import { contentsOf, diskName, sharesOf } from '@/components/disks'
import { useLocale, useWords } from '@/lib/words'

/** Looks of parts that hold something of people, of those that do not, and of free room. */
const look = { boot: 'bg-ink-3', system: 'bg-ink-3', swap: 'bg-ink-3', croft: 'bg-warn', files: 'bg-warn', locked: 'bg-warn', member: 'bg-warn', unknown: 'bg-warn', free: '' }

/** A disk to choose, with what is on it drawn and said. One that cannot be chosen says why. */
export function DiskCard({ disk, name, chosen, onChoose }: { disk: Disk; name?: ReactNode; chosen: boolean; onChoose: () => void }) {
  const t = useWords()
  const locale = useLocale()
  const stays = disk.runs_from
  const off = disk.unfit != null && !stays
  return (
    <label className={`flex gap-3 rounded-2 border bg-surface p-4 ${chosen ? 'border-accent shadow-card' : 'border-line'} ${off ? 'text-ink-2' : 'cursor-pointer'}`}>
      <input type="radio" name="place" className="mt-1 size-4 shrink-0 accent-accent" checked={chosen} disabled={off} onChange={onChoose} />
      <span className="flex min-w-0 flex-1 flex-col gap-1">
        <span className="font-semibold break-words">{name ?? diskName(t, disk, locale)}</span>
        <span className="text-sm text-ink-2">{[t.place.buses[disk.bus], ...(disk.serial === '' ? [] : [t.place.serial(disk.serial)])].join(', ')}</span>
        {!stays && <DiskBar disk={disk} />}
        {stays ? <span className="text-sm">{t.place.stayHint}</span> : contentsOf(t, disk, locale).map((line, at) => <span key={at} className="text-sm break-words">{line}</span>)}
        {off && disk.unfit != null && <span className="text-sm font-semibold">{t.place.unfit[disk.unfit]}</span>}
      </span>
    </label>
  )
}

/** The disk as a bar of what is on it. The lines beside it say the same. */
function DiskBar({ disk }: { disk: Disk }) {
  return (
    <span aria-hidden="true" className="my-1 flex h-3 w-full gap-px overflow-hidden rounded-full border border-line bg-sunk">
      {sharesOf(disk).map(({ kind, share }, at) => <span key={at} className={`h-full ${look[kind]}`} style={{ width: `${String(share * 100)}%` }} />)}
    </span>
  )
}
