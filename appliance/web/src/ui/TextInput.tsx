import type { InputHTMLAttributes } from 'react'

/** The classes of everything that text is typed into. */
export const inputClass =
  'min-h-11 w-full rounded-[10px] border border-edge bg-surface px-3 py-2 text-base text-ink placeholder:text-ink-3 disabled:cursor-not-allowed disabled:border-line disabled:bg-sunk disabled:text-ink-2 aria-invalid:border-bad'

/** A line of text. */
export function TextInput({ onText, className = '', ...rest }: InputHTMLAttributes<HTMLInputElement> & { onText: (text: string) => void }) {
  return <input type="text" autoComplete="off" {...rest} className={`${inputClass} ${className}`} onChange={(event) => { onText(event.target.value) }} />
}
