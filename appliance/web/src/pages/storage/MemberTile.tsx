import type { DiskView, Member, PoolChange } from '@/api/types'
import { plugOf } from '@/components/disks'
import { bytes, percent } from '@/lib/units'
import { type Words, useLocale, useWords } from '@/lib/words'
import { DiskHealth } from '@/pages/storage/DiskHealth'
import { MemberMenu } from '@/pages/storage/MemberMenu'
import { memberOffers } from '@/pages/storage/offers'
import { diskOf, errorsOf, memberName, type Scene } from '@/pages/storage/scene'
import { shapes } from '@/pages/storage/shapes'
import { Drive } from '@/ui/Drive'
import { Pill, type Tone } from '@/ui/Pill'

/** A disk of the pool, drawn and said. */
export function MemberTile({ scene, member, onAsk }: { scene: Scene; member: Member; onAsk: (change: PoolChange) => void }) {
  const t = useWords()
  const locale = useLocale()
  const disk = diskOf(scene, member)
  const name = memberName(t, scene, member.number, 'start')
  const offers = memberOffers(scene, member)
  const pill = pillOf(t, scene, member)
  const errors = errorsOf(member)
  return (
    <li className={`relative flex items-center gap-4 rounded-2 border p-4 sm:flex-col sm:items-start sm:gap-3 ${member.state === 'missing' ? 'border-dashed border-bad' : member.state === 'doubtful' ? 'border-warn bg-paper' : 'border-line bg-paper'}`}>
      <Drive shape={disk ? shapes[disk.bus] : 'bay'} look={member.state} share={member.used / member.size} className="h-16 sm:h-28" />
      <div className="flex min-w-0 flex-1 flex-col gap-0.5 text-sm">
        <h3 className="pr-8 text-base font-semibold break-words sm:pr-0">{name}</h3>
        <p className="text-ink-2">{disk ? `${bytes(disk.size, locale)} · ${plugOf(t, disk)}` : member.state === 'missing' ? t.storage.missingSize(bytes(member.size, locale)) : bytes(member.size, locale)}</p>
        {member.state !== 'missing' && <p className="text-ink-2">{usedFor(t, disk)}, {t.storage.full(percent(member.used, member.size, locale))}</p>}
        {disk && disk.serial !== '' && <p className="text-ink-3 break-all">{t.storage.serial(disk.serial)}</p>}
        {disk && <DiskHealth disk={disk} />}
        {errors > 0 && <p className="font-medium text-warn">{t.storage.errors(errors)}</p>}
        {pill && <p className="mt-1"><Pill tone={pill[0]}>{pill[1]}</Pill></p>}
      </div>
      {offers.length > 0 && <MemberMenu scene={scene} offers={offers} name={name} onAsk={onAsk} />}
    </li>
  )
}

const usedFor = (t: Words, disk: DiskView | undefined): string => disk?.runs_from === true ? t.storage.both : t.storage.files

/** A word on a disk that is not as always; nothing on one that is. */
function pillOf(t: Words, { pool: { work } }: Scene, member: Member): [Tone, string] | undefined {
  const { number, state } = member
  if (work?.change.do === 'remove' && work.change.member === number) return ['plain', t.storage.leaves]
  if (work?.change.do === 'replace' && work.change.member === number && work.step === 'rebuild') return ['plain', t.storage.goes]
  if (state === 'well') return undefined
  if (state === 'missing') return ['bad', t.storage.states.missing]
  return ['warn', errorsOf(member) > 0 ? t.storage.states.doubtful : t.storage.states.away]
}
