/** How much of a whole; `label` says it in words. */
export function Meter({ value, max, label, look = 'page' }: { value: number; max: number; label: string; look?: 'page' | 'island' }) {
  const share = max > 0 ? Math.min(1, value / max) : 0
  const [track, fill] = look === 'island' ? ['h-1.5 bg-island-sunk', 'bg-island-fill'] : ['h-3 border border-line bg-sunk', 'bg-fill']
  return (
    <div role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(share * 100)} className={`w-full overflow-hidden rounded-full ${track}`}>
      <div className={`h-full origin-left rounded-full transition-[width] duration-300 ${fill}`} style={{ width: `${String(share * 100)}%` }} />
    </div>
  )
}
