/** The sign of the house. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg viewBox="0 0 64 64" width={size} height={size} aria-hidden="true" className="shrink-0">
      <path className="fill-accent" d="M20 8h24a14 14 0 0 1 14 14v28a8 8 0 0 1-8 8H14a8 8 0 0 1-8-8V22A14 14 0 0 1 20 8z" />
      <path className="fill-paper" d="M23 58V44a9 9 0 0 1 18 0v14z" />
    </svg>
  )
}
