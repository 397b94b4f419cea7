import type { SelectHTMLAttributes } from 'react'
import { inputClass } from '@/ui/TextInput'

/** One of a few; the browser's own list, which every phone and screen reader knows. */
export function Select<Value extends string>({ options, value, onChoose, className = '', ...rest }: Omit<SelectHTMLAttributes<HTMLSelectElement>, 'value'> & {
  options: readonly (readonly [Value, string])[]
  value: Value
  onChoose: (value: Value) => void
}) {
  return (
    <select {...rest} value={value} className={`${inputClass} ${className}`} onChange={(event) => {
      const chosen = options.find(([option]) => option === event.target.value)
      if (chosen) onChoose(chosen[0])
    }}>
      {options.map(([option, text]) => <option key={option} value={option}>{text}</option>)}
    </select>
  )
}
