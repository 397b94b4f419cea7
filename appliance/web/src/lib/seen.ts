import { useEffect, useState, type RefObject } from 'react'

/** Whether a piece of the page is on the screen. */
export function useSeen(place: RefObject<Element | null>): boolean {
  const [seen, setSeen] = useState(false)
  useEffect(() => {
    if (!place.current) return
    const watch = new IntersectionObserver(([entry]) => { setSeen(entry?.isIntersecting === true) })
    watch.observe(place.current)
    return () => { watch.disconnect() }
  }, [place])
  return seen
}
