import type { ReactNode } from 'react'
import { Icon, type IconName } from '@/ui/Icon'

/** An empty list, with the next step. */
export function Nothing({ icon, title, help, children }: { icon?: IconName; title: string; help?: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-2 px-4 py-14 text-center">
      {icon && <span className="mb-1 text-ink-3"><Icon name={icon} size={36} /></span>}
      <p className="big">{title}</p>
      {help !== undefined && <p className="max-w-[44ch] text-ink-2">{help}</p>}
      {children !== undefined && <div className="mt-3 flex flex-wrap justify-center gap-2">{children}</div>}
    </div>
  )
}
