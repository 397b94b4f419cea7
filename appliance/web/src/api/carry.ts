import { dav, davUrl } from '@/api/dav'
import { ApiError, readProblem, Unreachable } from '@/api/problem'
import type { Path } from '@/lib/path'
import { lines } from '@/lib/lines'

/** How far it is, in bytes; told where something goes to another space. */
export interface Arrived { arrived: number; whole: number }

/** Moves or copies something. Nothing is replaced. Whoever aborts it keeps the original, and nothing half made is left. */
export const carry = (person: string, method: 'MOVE' | 'COPY', from: Path, to: Path, signal: AbortSignal, tell: (arrived: Arrived) => void): Promise<void> =>
  carryFrom(person, method, davUrl(person, from), to, signal, tell)

/** The same from any address of the box's own. */
export async function carryFrom(person: string, method: 'MOVE' | 'COPY', from: string, to: Path, signal: AbortSignal, tell: (arrived: Arrived) => void): Promise<void> {
  const destination = new URL(davUrl(person, to), location.origin).href
  const response = await dav(method, from, { signal, headers: { Destination: destination, Overwrite: 'F', Accept: LINES } })
  if (response.headers.get('Content-Type') !== LINES) return
  for await (const line of lines(response)) {
    const said = read(line)
    if (said === 'done') return
    tell(said)
  }
  throw new Unreachable(`no end: ${from}`)
}

/** JSON, one line after the other. */
const LINES = 'application/jsonl'

function read(line: string): Arrived | 'done' {
  const said: unknown = JSON.parse(line)
  if (typeof said !== 'object' || said === null) throw new Unreachable(line)
  if ('status' in said) return 'done'
  if ('problem' in said) throw new ApiError(readProblem(500, JSON.stringify(said.problem)))
  return { arrived: count('arrived' in said && said.arrived), whole: count('whole' in said && said.whole) }
}

const count = (value: unknown): number => typeof value === 'number' ? value : 0
