import type { ReactNode } from 'react'
import { ErrorNote } from '@/components/ErrorNote'
import type { Submit } from '@/components/submit'
import { Button } from '@/ui/Button'

/** The end of a form: what went wrong and what can be done. */
export function FormFoot({ submit, action, disabled = false, forbidden, onCancel, cancel, children }: {
  submit: Submit
  action: string
  disabled?: boolean
  forbidden?: string | undefined
  onCancel?: () => void
  cancel?: string
  children?: ReactNode
}) {
  return (
    <>
      {submit.error !== undefined && <ErrorNote error={submit.error} />}
      <div className="flex flex-wrap items-center justify-end gap-2">
        {children}
        {onCancel && <Button onClick={onCancel}>{cancel}</Button>}
        <Button type="submit" look="primary" busy={submit.busy} disabled={disabled} forbidden={forbidden}>{action}</Button>
      </div>
    </>
  )
}
