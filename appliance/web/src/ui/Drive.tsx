import { useId } from 'react'

/** How a drive is built. */
export type DriveShape = 'bay' | 'stick' | 'plug' | 'card'
export type DriveLook = 'well' | 'doubtful' | 'missing' | 'other' | 'free'

/** Outlines on a grid of 96 by 112: one in a bay, one on the board, one with a plug, a memory card. */
const bodies: Record<DriveShape, string> = {
  bay: 'M14 3h68a9 9 0 0 1 9 9v88a9 9 0 0 1-9 9H14a9 9 0 0 1-9-9V12a9 9 0 0 1 9-9z',
  stick: 'M28 3h40a6 6 0 0 1 6 6v94a6 6 0 0 1-6 6H54a6 6 0 0 0-12 0H28a6 6 0 0 1-6-6V9a6 6 0 0 1 6-6z',
  plug: 'M36 3h24v12h16a9 9 0 0 1 9 9v76a9 9 0 0 1-9 9H20a9 9 0 0 1-9-9V24a9 9 0 0 1 9-9h16z',
  card: 'M20 3h42l22 22v75a9 9 0 0 1-9 9H20a9 9 0 0 1-9-9V12a9 9 0 0 1 9-9z',
}

/** The window in the body behind which one sees how full it is: x, y, width, height. */
const windows: Record<DriveShape, readonly [number, number, number, number]> = { bay: [14, 12, 68, 74], stick: [30, 11, 36, 70], plug: [20, 24, 56, 62], card: [20, 32, 55, 54] }

const lights: Record<DriveLook, string> = { well: 'fill-good', doubtful: 'fill-warn', missing: 'fill-none', other: 'fill-edge', free: 'fill-none' }

/** A disk, drawn: how it is built, how full, how it is. What it shows stands beside it in words. */
export function Drive({ shape, look, share = 0, className = '' }: { shape: DriveShape; look: DriveLook; share?: number; className?: string }) {
  const clip = useId()
  const [x, y, width, height] = windows[shape]
  const there = look !== 'missing' && look !== 'free'
  // What holds a little can be told from what holds nothing.
  const level = share > 0 ? Math.max(3, Math.min(1, share) * height) : 0
  return (
    <svg viewBox="0 0 96 112" aria-hidden="true" className={`shrink-0 ${className}`}>
      <clipPath id={clip}><rect x={x} y={y} width={width} height={height} rx="5" /></clipPath>
      <path d={bodies[shape]} strokeWidth="1.5" strokeDasharray={there ? undefined : '5 5'} className={there ? 'fill-surface stroke-edge/60' : `fill-none ${look === 'missing' ? 'stroke-bad' : 'stroke-edge'}`} />
      {there ? (
        <>
          <rect x={x} y={y} width={width} height={height} rx="5" className="fill-sunk" />
          <rect x={x} y={y + height - level} width={width} height={level} clipPath={`url(#${clip})`} className={`transition-all duration-700 ${look === 'doubtful' ? 'fill-warn/70' : look === 'other' ? 'fill-edge/50' : 'fill-fill'}`} />
          <rect x={x + 0.5} y={y + 0.5} width={width - 1} height={height - 1} rx="4.5" className="fill-none stroke-line" />
          <circle cx={x + 6} cy="97" r="3" className={lights[look]} />
          <path d={`M${String(x + width - 20)} 97h18`} strokeWidth="1.5" strokeLinecap="round" className="stroke-line" />
        </>
      ) : (
        <path d={look === 'free' ? 'M48 46v20M38 56h20' : 'M42 50a6 6 0 1 1 8.5 5.5c-1.7.8-2.5 2-2.5 4M48 66.5v.1'} strokeWidth="2" strokeLinecap="round" className={`fill-none ${look === 'missing' ? 'stroke-bad' : 'stroke-ink-3'}`} />
      )}
    </svg>
  )
}
