import { davBase } from '@/api/dav'
import type { AppPassword } from '@/api/types'
import { Copyable } from '@/components/Copyable'
import { usePerson } from '@/components/person'
import { useWords } from '@/lib/words'
import { Button } from '@/ui/Button'
import { Modal } from '@/ui/Modal'

/** A new app password, shown this once, with what a program asks beside it. */
export function SecretModal({ made, onClose }: { made: AppPassword; onClose: () => void }) {
  const t = useWords()
  const { name } = usePerson()
  return (
    <Modal open onClose={onClose} title={t.settings.appPasswordTitle(made.name)} lead={t.settings.appPasswordOnce}>
      <Copyable label={t.settings.appPasswordAddress} text={location.origin + davBase(name)} />
      <Copyable label={t.settings.appPasswordUser} text={name} />
      <Copyable label={t.settings.appPasswordSecret} text={made.secret} />
      <div className="flex justify-end"><Button look="primary" onClick={onClose}>{t.common.close}</Button></div>
    </Modal>
  )
}
