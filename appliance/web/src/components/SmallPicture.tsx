import { useEffect, useState, type ReactNode } from 'react'

/** A picture that the box refused is asked for again this often: mostly it was busy. */
const TRIES_MORE = 3
/** How long is waited before, at least; up to half as long again, so that not all tiles ask at once. */
const WAIT_MS = 5_000

interface SmallPictureProps {
  src: string
  /** What stands there where there is no picture, or not yet. */
  otherwise: ReactNode
}

/** A small picture that the box makes. Another address, as of a changed file, is tried anew. */
export function SmallPicture(props: SmallPictureProps) {
  return <Tried key={props.src} {...props} />
}

function Tried({ src, otherwise }: SmallPictureProps) {
  const [failures, setFailures] = useState(0)
  const [tries, setTries] = useState(0)
  const waits = tries < failures && tries < TRIES_MORE
  useEffect(() => {
    if (!waits) return
    const timer = setTimeout(() => { setTries((before) => before + 1) }, WAIT_MS * (1 + Math.random() / 2))
    return () => { clearTimeout(timer) }
  }, [waits])
  if (tries < failures) return otherwise
  return <img src={src} alt="" loading="lazy" decoding="async" draggable={false} onError={() => { setFailures((before) => before + 1) }} className="size-full object-cover" />
}
