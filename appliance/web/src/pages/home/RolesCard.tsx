import type { RoleStatus, Status } from '@/api/types'
import { useWords } from '@/lib/words'
import { Card } from '@/ui/Card'
import { Pill, type Tone } from '@/ui/Pill'

const tone = (state: RoleStatus['state']): Tone => state === 'looping' ? 'bad' : state === 'restarting' || state === 'starting' ? 'warn' : state === 'ready' ? 'good' : 'plain'

/** The parts of the box, quietly. */
export function RolesCard({ status }: { status: Status }) {
  const t = useWords()
  return (
    <Card className="lg:col-span-5" title={t.home.roles} aside={<span className="text-sm text-ink-2">{t.home.version(status.version)}</span>}>
      <ul className="flex flex-col gap-2.5 text-sm">
        {status.roles.map((role) => (
          <li key={role.name} className="flex items-center justify-between gap-3">
            <span>{role.name}{role.restarts > 0 && <span className="text-ink-3"> · {t.home.restarts(role.restarts)}</span>}</span>
            <Pill tone={tone(role.state)}>{t.home.roleStates[role.state]}</Pill>
          </li>
        ))}
      </ul>
      {status.one_user && <p className="max-w-[80ch] text-sm text-ink-2">{t.home.oneUser}</p>}
    </Card>
  )
}
