import { useId, type ReactNode } from 'react'

interface FieldProps {
  label: ReactNode
  hint?: ReactNode
  /** What is wrong with the value; read out when it appears. */
  error?: string | undefined
  children: (ids: { id: string; 'aria-describedby': string | undefined; 'aria-invalid': true | undefined }) => ReactNode
}

/** A label, an input, a hint below it, and what is wrong with it. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId()
  const said = [hint === undefined ? '' : `${id}-hint`, error === undefined ? '' : `${id}-error`].filter(Boolean).join(' ')
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-sm font-semibold">{label}</label>
      {children({ id, 'aria-describedby': said === '' ? undefined : said, 'aria-invalid': error === undefined ? undefined : true })}
      {hint !== undefined && <p id={`${id}-hint`} className="text-sm text-ink-2">{hint}</p>}
      {error !== undefined && <p id={`${id}-error`} role="alert" className="text-sm font-medium text-bad">{error}</p>}
    </div>
  )
}
