/** Turns rows of `0` and `1` into one SVG path of unit squares; runs of dark modules become one rectangle. */
export function qrPath(rows: readonly string[]): string {
  return rows.map((row, y) =>
    [...row.matchAll(/1+/g)].map((run) => `M${String(run.index)} ${String(y)}h${String(run[0].length)}v1h-${String(run[0].length)}z`).join(''),
  ).join('')
}
