/** The longest name to sign in with, in characters. */
const LONGEST = 32

/** Proposes a name to sign in with: small letters, digits and `-`, a letter first. */
export function signInNameFrom(displayName: string): string {
  const [first = ''] = displayName.trim().toLowerCase().split(/\s+/)
  return first.replaceAll('ä', 'ae').replaceAll('ö', 'oe').replaceAll('ü', 'ue').replaceAll('ß', 'ss')
    .normalize('NFD').replace(/[^a-z0-9-]/g, '').replace(/^[^a-z]+/, '').slice(0, LONGEST)
}
