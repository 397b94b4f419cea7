import type { ReactNode } from 'react'

/** A few choices side by side, one of them in force. */
export function Segments<Value extends string>({ label, options, value, onChoose }: {
  label: string
  options: readonly (readonly [Value, ReactNode, string])[]
  value: Value
  onChoose: (value: Value) => void
}) {
  return (
    <div role="group" aria-label={label} className="inline-flex rounded-[10px] border border-line bg-surface p-0.5">
      {options.map(([option, face, name]) => (
        <button key={option} type="button" aria-pressed={option === value} aria-label={name} title={name} onClick={() => { onChoose(option) }}
          className="inline-flex min-h-8 items-center rounded-1 px-2.5 text-sm font-semibold text-ink-2 aria-pressed:bg-accent-soft aria-pressed:text-ink">
          {face}
        </button>
      ))}
    </div>
  )
}
