import { useState } from 'react'
import { addDevice } from '@/api/shares'
import type { DeviceMade } from '@/api/types'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { useWords } from '@/lib/words'
import { useSharesWords } from '@/lib/words/shares'
import { Field } from '@/ui/Field'
import { TextInput } from '@/ui/TextInput'

/** A new device for network drives; answers with its password, which the box shows this once. */
export function DeviceForm({ onDone, onCancel }: { onDone: (made: DeviceMade) => void; onCancel: () => void }) {
  const t = useWords()
  const s = useSharesWords()
  const [name, setName] = useState('')
  const submit = useSubmit(async () => { onDone(await addDevice(name.trim())) })
  return (
    <form className="flex flex-col gap-4" onSubmit={submit.onSubmit}>
      <Field label={s.deviceName} hint={s.deviceNameHint}>
        {(ids) => <TextInput {...ids} value={name} onText={setName} required maxLength={30} autoCapitalize="none" spellCheck={false} />}
      </Field>
      <FormFoot submit={submit} action={s.addDevice} disabled={name.trim() === ''} cancel={t.common.cancel} onCancel={onCancel} />
    </form>
  )
}
