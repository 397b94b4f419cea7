/** Lines in the shape of what is coming. */
export function Waiting({ label, lines = 4 }: { label: string; lines?: number }) {
  return (
    <div role="status" className="flex flex-col gap-3 py-2">
      <span className="sr-only">{label}</span>
      {Array.from({ length: lines }, (_, line) => <div key={line} className="breathe h-9 rounded-1 bg-sunk" />)}
    </div>
  )
}
