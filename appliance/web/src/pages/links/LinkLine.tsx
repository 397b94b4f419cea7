import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '@/api/keys'
import { linkAddress, linkQuery, revokeLink, type SharedLink } from '@/api/links'
import { Confirm } from '@/components/Confirm'
import { Copyable } from '@/components/Copyable'
import { Loaded } from '@/components/Loaded'
import { say } from '@/lib/notices'
import { day, moment } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { Button } from '@/ui/Button'
import { Modal } from '@/ui/Modal'
import { Pill } from '@/ui/Pill'

/** A link with its address, what it is for, and how it is ended. */
export function LinkLine({ link, named = false }: { link: SharedLink; named?: boolean }) {
  const t = useWords()
  const locale = useLocale()
  const client = useQueryClient()
  const [revoking, setRevoking] = useState(false)
  const [looking, setLooking] = useState(false)
  const works = link.state === 'works'
  const until = link.expires == null ? t.links.ends : t.links.endsOn(day(new Date(link.expires * 1000), locale))
  const count = link.kind === 'drop' ? t.links.received(link.received) : t.links.downloaded(link.downloaded, link.downloads ?? undefined)
  const facts = [t.links.kinds[link.kind], until, link.password ? t.links.guarded : '', count, named ? t.links.by(link.by_name) : '']
  return (
    <li className="flex flex-col gap-2 border-b border-line py-3 last:border-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        {named && <span className="min-w-0 font-semibold break-words">{link.path ?? link.name}</span>}
        <Pill tone={works ? 'good' : 'plain'}>{t.links.states[link.state]}</Pill>
        <span className="text-sm text-ink-2">{facts.filter((fact) => fact !== '').join(', ')}</span>
      </div>
      {works && <Copyable label={t.links.address} text={linkAddress(link)} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button look="quiet" aria-label={t.links.usesNamed(link.name)} onClick={() => { setLooking(true) }}>{t.links.uses}</Button>
        <Button aria-label={t.links.revokeNamed(link.name)} onClick={() => { setRevoking(true) }}>{t.links.revoke}</Button>
      </div>
      {looking && <UsesModal link={link} onClose={() => { setLooking(false) }} />}
      <Confirm
        open={revoking} onClose={() => { setRevoking(false) }} title={t.links.revokeTitle(link.name)} lead={t.links.revokeLead} action={t.links.revoke}
        onConfirm={async () => {
          await revokeLink(link.id)
          await client.invalidateQueries({ queryKey: keys.links })
          say(t.links.revoked)
        }}
      />
    </li>
  )
}

/** Who used a link when, and for what. */
function UsesModal({ link, onClose }: { link: SharedLink; onClose: () => void }) {
  const t = useWords()
  const locale = useLocale()
  const query = useQuery(linkQuery(link.id))
  return (
    <Modal open onClose={onClose} title={t.links.uses} lead={t.links.usesLead}>
      <Loaded query={query} lines={3} isEmpty={({ uses }) => uses.length === 0} empty={<p className="text-ink-2">{t.links.noUses}</p>}>
        {({ uses }) => (
          <ul className="flex flex-col">
            {uses.map((use, at) => (
              <li key={at} className="border-b border-line py-2 last:border-0">
                <span className="block break-words">{t.links.deeds[use.what]}{use.name === '' ? '' : `: ${use.name}`}</span>
                <span className="text-sm text-ink-2">{moment(new Date(use.at * 1000), locale)}, {use.address}</span>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <div className="flex justify-end"><Button onClick={onClose}>{t.common.close}</Button></div>
    </Modal>
  )
}
