import { useEffect, useRef, type ReactNode } from 'react'
import { Mark } from '@/ui/Mark'

/** The page in front of the house: no rail, one thing to do. */
export function Threshold({ above, title, lead, wide = false, children }: { above?: ReactNode; title: string; lead?: ReactNode; wide?: boolean; children: ReactNode }) {
  const main = useRef<HTMLElement>(null)
  useEffect(() => {
    // Each step begins where something is to be typed, or is read out from its heading.
    main.current?.querySelector<HTMLElement>('input:not([hidden]), textarea, h1')?.focus()
  }, [title])
  return (
    <main ref={main} className="grid min-h-dvh place-items-center px-4 py-10">
      <div className={`w-full ${wide ? 'max-w-3xl' : 'max-w-md'}`}>
        <div className="no-print mb-6 flex items-center gap-3"><Mark size={36} />{above}</div>
        <h1 tabIndex={-1} className="sentence no-print outline-none">{title}</h1>
        {lead !== undefined && <div className="no-print mt-2 mb-7 text-ink-2">{lead}</div>}
        {children}
      </div>
    </main>
  )
}
