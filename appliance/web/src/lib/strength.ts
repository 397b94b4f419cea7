/** How well a passphrase would hold. The box alone decides whether it is taken; this only advises while typing. */
export type Strength = 'empty' | 'short' | 'weak' | 'fair' | 'strong'

/** The shortest passphrase that the box takes, in characters. */
export const SHORTEST = 10

/** Judges by length, variety and runs; deliberately simple, because length is what counts. */
export function strengthOf(passphrase: string): Strength {
  const signs = [...passphrase]
  if (signs.length === 0) return 'empty'
  if (signs.length < SHORTEST) return 'short'
  const different = new Set(signs.map((sign) => sign.toLowerCase())).size
  const surprising = signs.filter((sign, at) => !follows(signs[at - 1], sign)).length
  const words = passphrase.trim().split(/[\s-]+/).filter((word) => word.length > 2).length
  if (different < 6 || surprising < 8) return 'weak'
  if (surprising >= 18 || words >= 4) return 'strong'
  return surprising >= 12 ? 'fair' : 'weak'
}

/** True where a sign repeats or counts on from the one before: `aa`, `12`, `cb`. */
function follows(before: string | undefined, sign: string): boolean {
  return before !== undefined && Math.abs((before.codePointAt(0) ?? 0) - (sign.codePointAt(0) ?? 0)) <= 1
}
