/** One thing that a merge patch sets; `undefined` where it removes. */
export interface Setting { key: string; value: string | undefined }

/** What a merge patch (RFC 7396) sets, as dotted keys with their values. */
export function flatten(patch: unknown, under: readonly string[]): Setting[] {
  if (typeof patch === 'object' && patch !== null && !Array.isArray(patch)) {
    return Object.entries(patch).flatMap(([key, value]) => flatten(value, [...under, key]))
  }
  const value = patch === null ? undefined : typeof patch === 'string' ? patch : JSON.stringify(patch)
  return [{ key: under.join('.'), value }]
}
