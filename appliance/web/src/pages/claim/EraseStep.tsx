import { useState } from 'react'
import type { Disk } from '@/api/types'
import { contentsOf, diskName } from '@/components/disks'
import { Threshold } from '@/components/Threshold'
import { useSubmit } from '@/components/submit'
import { ErrorNote } from '@/components/ErrorNote'
import { useLocale, useWords } from '@/lib/words'
import { Steps } from '@/pages/claim/Steps'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Field } from '@/ui/Field'
import { TextInput } from '@/ui/TextInput'

/** Says what is lost, and wants the label typed. The box compares it, too. */
export function EraseStep({ disk, onErase, onBack }: { disk: Disk; onErase: (label: string) => Promise<void>; onBack: () => Promise<void> }) {
  const t = useWords()
  const locale = useLocale()
  const [label, setLabel] = useState('')
  const submit = useSubmit(() => onErase(label))
  return (
    <Threshold above={<Steps at={1} />} title={t.place.sureTitle} lead={t.place.sureLead(diskName(t, disk, locale))}>
      <Card>
        <ul className="flex list-disc flex-col gap-1 pl-5">
          {contentsOf(t, disk, locale).map((line, at) => <li key={at} className="break-words">{line}</li>)}
        </ul>
        <form className="flex flex-col gap-5" onSubmit={submit.onSubmit}>
          <Field label={t.place.label(disk.label ?? '')}>
            {(ids) => <TextInput {...ids} value={label} onText={setLabel} required autoCapitalize="none" spellCheck={false} />}
          </Field>
          {submit.error !== undefined && <ErrorNote error={submit.error} />}
          <div className="flex flex-wrap justify-end gap-2">
            <Button look="quiet" className="mr-auto" onClick={() => void onBack()}>{t.place.back}</Button>
            <Button type="submit" look="danger" busy={submit.busy} disabled={label.trim() !== disk.label}>{t.place.erase}</Button>
          </div>
        </form>
      </Card>
    </Threshold>
  )
}
