import type { ReactNode } from 'react'

/** The top of a page: a sentence, what it means, and what can be done. */
export function PageHead({ above, title, lead, children }: { above?: ReactNode; title: ReactNode; lead?: ReactNode; children?: ReactNode }) {
  return (
    <header className="mb-7 flex flex-wrap items-start justify-between gap-x-6 gap-y-4">
      <div className="min-w-0 flex-1 basis-72">
        {above}
        <h1 className="sentence break-words">{title}</h1>
        {lead !== undefined && <p className="mt-2 max-w-[62ch] text-ink-2">{lead}</p>}
      </div>
      {children !== undefined && <div className="flex flex-wrap items-center gap-2">{children}</div>}
    </header>
  )
}
