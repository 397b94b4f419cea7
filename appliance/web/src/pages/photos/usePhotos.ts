import { useQueries, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { pageQuery } from '@/api/photos'
import type { Entry } from '@/lib/propfind'
import { pageOf, type Layout, type Page } from '@/lib/timeline'

/** How often it is looked which photos are on the screen, in milliseconds: what flies by is not read. */
const LOOK_MS = 100

/** Reads the pages of the photos at the places from `from` to `to`, and says what is known of the photo at any place: `undefined` while it is not read, `null` where it cannot be opened. */
export function usePhotos(layout: Layout, from: number, to: number): (at: number) => Entry | null | undefined {
  const client = useQueryClient()
  const wanted = useSampled(pagesOf(layout, from, to).map(({ month, number }) => `${month} ${String(number)}`).join(','))
  const pages = wanted.split(',').flatMap((text): Page[] => {
    const [month, number] = text.split(' ')
    return month && number ? [{ month, number: Number(number) }] : []
  })
  // Draws anew whenever one of them comes; what was read before is kept beside them.
  useQueries({ queries: pages.map((page) => pageQuery(page)) })
  return (at) => {
    const page = pageOf(layout, at)
    return page && client.getQueryData(pageQuery(page).queryKey)?.[page.index]
  }
}

/** The pages of the photos from one place to another, each once. */
function pagesOf(layout: Layout, from: number, to: number): Page[] {
  const pages: Page[] = []
  for (let at = from; at <= to; at += 1) {
    const page = pageOf(layout, at)
    const last = pages.at(-1)
    if (page && (last?.month !== page.month || last.number !== page.number)) pages.push(page)
  }
  return pages
}

/** The value as it was a moment ago: a new one at most each {@link LOOK_MS}. */
function useSampled(value: string): string {
  const [sampled, setSampled] = useState(value)
  const latest = useRef(value)
  const behind = sampled !== value
  useEffect(() => { latest.current = value }, [value])
  useEffect(() => {
    if (!behind) return
    const timer = setTimeout(() => { setSampled(latest.current) }, LOOK_MS)
    return () => { clearTimeout(timer) }
  }, [behind])
  return sampled
}
