/** A place in a person's tree: the names from the root down, decoded. */
export type Path = readonly string[]

/** Percent-encodes each name, also what `encodeURIComponent` leaves alone but a shell or a quote would trip over. */
export function encodePath(path: Path): string {
  return path.map((name) =>
    encodeURIComponent(name).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`),
  ).join('/')
}

/** Reads an encoded path. `undefined` when it is malformed or would climb. */
export function decodePath(encoded: string): Path | undefined {
  try {
    const names = encoded.split('/').filter((part) => part !== '').map(decodeURIComponent)
    return names.every((name) => isFileName(name)) ? names : undefined
  } catch {
    return undefined
  }
}

/** True for what can be the name of a file or folder. */
export function isFileName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0')
    && new TextEncoder().encode(name).length <= LONGEST_NAME_BYTES
}

/** The longest name that Linux file systems keep. */
const LONGEST_NAME_BYTES = 255

/** A string that is the same for the same path only; for keys of maps. */
export const pathKey = (path: Path): string => path.join('/')
