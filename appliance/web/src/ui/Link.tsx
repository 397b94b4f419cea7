import type { AnchorHTMLAttributes } from 'react'
import { navigate } from '@/lib/location'

/** A link inside the app; opens in a new tab as any link when asked to. */
export function Link({ href, onClick, children, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  return (
    <a
      {...rest}
      href={href}
      onClick={(event) => {
        onClick?.(event)
        if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
        event.preventDefault()
        navigate(href)
        scrollTo(0, 0)
      }}
    >
      {children}
    </a>
  )
}
