import type { ReactNode } from 'react'

/** A quiet card with a heading and something to the right of it. */
export function Card({ title, aside, className = '', children }: { title?: ReactNode; aside?: ReactNode; className?: string; children: ReactNode }) {
  return (
    <section className={`flex flex-col gap-3 rounded-2 border border-line bg-surface p-5 shadow-card sm:p-6 ${className}`}>
      {title !== undefined && (
        <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
          <h2 className="text-sm font-semibold text-ink-2">{title}</h2>
          {aside}
        </div>
      )}
      {children}
    </section>
  )
}
