import type { DeviceMade } from '@/api/types'
import { Copyable } from '@/components/Copyable'
import { useWords } from '@/lib/words'
import { useSharesWords } from '@/lib/words/shares'
import { Button } from '@/ui/Button'
import { Modal } from '@/ui/Modal'

/** A new device with its password, shown this once. */
export function DeviceModal({ made, onClose }: { made: DeviceMade; onClose: () => void }) {
  const t = useWords()
  const s = useSharesWords()
  return (
    <Modal open onClose={onClose} title={s.deviceTitle(made.device.name)} lead={s.deviceOnce}>
      <Copyable label={s.user} text={made.device.account} />
      <Copyable label={s.password} text={made.password} />
      <div className="flex justify-end"><Button look="primary" onClick={onClose}>{t.common.close}</Button></div>
    </Modal>
  )
}
