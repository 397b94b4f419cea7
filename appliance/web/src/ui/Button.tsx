import { useId, type ButtonHTMLAttributes } from 'react'
import { buttonClass, type ButtonLook } from '@/ui/buttonClass'

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: ButtonLook
  /** Why it cannot be used: it is shown disabled and says so. */
  forbidden?: string | undefined
  /** True while its work goes on. */
  busy?: boolean
}

/** A button. One that is forbidden stays visible and focusable, with its reason read out and shown as a tooltip. */
export function Button({ look = 'plain', forbidden, busy = false, disabled = false, className = '', children, onClick, ...rest }: ButtonProps) {
  const reason = useId()
  const off = forbidden !== undefined || busy || disabled
  return (
    <>
      <button
        type="button"
        {...rest}
        className={`${buttonClass(look)} ${className}`}
        aria-disabled={off || undefined}
        aria-busy={busy || undefined}
        aria-describedby={forbidden === undefined ? rest['aria-describedby'] : reason}
        title={forbidden ?? rest.title}
        onClick={(event) => { if (off) event.preventDefault(); else onClick?.(event) }}
      >
        {children}
      </button>
      {forbidden !== undefined && <span id={reason} hidden>{forbidden}</span>}
    </>
  )
}
