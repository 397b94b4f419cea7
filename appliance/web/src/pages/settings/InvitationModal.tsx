import type { Invitation } from '@/api/types'
import { Copyable } from '@/components/Copyable'
import { paths } from '@/lib/paths'
import { useLocale, useWords } from '@/lib/words'
import { moment } from '@/lib/units'
import { Button } from '@/ui/Button'
import { Modal } from '@/ui/Modal'

/** An invitation to hand over. */
export function InvitationModal({ name, invitation, onClose }: { name: string; invitation: Invitation; onClose: () => void }) {
  const t = useWords()
  const locale = useLocale()
  return (
    <Modal open onClose={onClose} title={t.settings.inviteTitle(name)} lead={t.settings.inviteLead}>
      <Copyable label={t.settings.inviteCode} text={invitation.code} />
      <Copyable label={t.settings.inviteLink} text={`${location.origin}${paths.join}#${encodeURIComponent(invitation.code)}`} />
      <p className="text-sm text-ink-2">{t.settings.inviteUntil(moment(new Date(invitation.expires), locale))}</p>
      <div className="flex justify-end"><Button look="primary" onClick={onClose}>{t.common.close}</Button></div>
    </Modal>
  )
}
