import { useLayoutEffect, useRef } from 'react'
import type { AppLine } from '@/api/types'
import { clock, moment } from '@/lib/units'
import { useLocale } from '@/lib/words'
import { useAppsWords } from '@/lib/words/apps'

/** So near to the end somebody reads along, in pixels. */
const NEAR = 40

/** Lines of a log. Whoever reads the last ones stays at the end when there are more. */
export function LogLines({ lines, several }: { lines: readonly AppLine[]; several: boolean }) {
  const a = useAppsWords()
  const locale = useLocale()
  const box = useRef<HTMLOListElement>(null)
  const follows = useRef(true)
  useLayoutEffect(() => { if (box.current && follows.current) box.current.scrollTop = box.current.scrollHeight }, [lines])
  return (
    // A list that scrolls must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <ol ref={box} tabIndex={0} aria-label={a.lines} className="max-h-96 overflow-auto rounded-1 bg-sunk p-3 font-mono text-[13px] leading-relaxed"
      onScroll={({ currentTarget: at }) => { follows.current = at.scrollHeight - at.scrollTop - at.clientHeight < NEAR }}>
      {lines.map(({ at, service, text }, line) => (
        <li key={line} className="break-words whitespace-pre-wrap">
          {at != null && <time dateTime={at} title={moment(new Date(at), locale)} className="mr-2 text-ink-3">{clock(new Date(at), locale)}</time>}
          {several && <span className="mr-2 text-ink-3">{service}</span>}
          {text}
        </li>
      ))}
    </ol>
  )
}
