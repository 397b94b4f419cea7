import { useState, type ReactNode } from 'react'
import { ErrorNote } from '@/components/ErrorNote'
import { useSubmit } from '@/components/submit'
import { useWords } from '@/lib/words'
import { Button } from '@/ui/Button'
import { Field } from '@/ui/Field'
import { Modal } from '@/ui/Modal'
import { TextInput } from '@/ui/TextInput'

interface ConfirmProps {
  open: boolean
  onClose: () => void
  title: string
  /** What is lost. */
  lead: string
  action: string
  /** Must be typed first, where what is lost is lost for good. */
  typed?: string
  look?: 'primary' | 'danger'
  onConfirm: () => Promise<unknown>
  children?: ReactNode
}

/** Asks before something is done; stays open with the reason when it fails. */
export function Confirm({ open, onClose, title, lead, action, typed, look = 'danger', onConfirm, children }: ConfirmProps) {
  const t = useWords()
  const [text, setText] = useState('')
  const close = (): void => {
    setText('')
    submit.forget()
    onClose()
  }
  const submit = useSubmit(async () => {
    await onConfirm()
    close()
  })
  return (
    <Modal open={open} onClose={close} title={title} lead={lead}>
      {children}
      <form className="flex flex-col gap-4" onSubmit={submit.onSubmit}>
        {typed !== undefined && (
          <Field label={t.common.typeName(typed)}>{(ids) => <TextInput {...ids} value={text} onText={setText} autoCapitalize="none" spellCheck={false} />}</Field>
        )}
        {submit.error !== undefined && <ErrorNote error={submit.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={close}>{t.common.cancel}</Button>
          <Button type="submit" look={look} busy={submit.busy} disabled={typed !== undefined && text !== typed}>{action}</Button>
        </div>
      </form>
    </Modal>
  )
}
