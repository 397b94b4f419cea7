import type { Problem } from '@/api/types'
import { words } from '@/lib/words'

/** The box answered with a problem document (RFC 9457). */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

/** The box did not answer at all. */
export class Unreachable extends Error {
  override name = 'Unreachable'
}

/** The problem document in a body, or one made from the bare status where a proxy or an old release sent none. */
export function readProblem(status: number, body: string): Problem {
  try {
    const parsed: unknown = JSON.parse(body)
    if (isProblem(parsed)) return parsed
  } catch { /* Not JSON. */ }
  return { type: 'about:blank', title: String(status), status, code: `http-${String(status)}`, detail: words().problems.failed }
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'detail' in value
}

/** True when the box said this stable code. */
export const isCode = (error: unknown, code: string): boolean => error instanceof ApiError && error.problem.code === code

/** True when the box answered with this status. */
export const isStatus = (error: unknown, status: number): boolean => error instanceof ApiError && error.problem.status === status

/** An error as sentences for the person. */
export interface Explained { sentence: string; hint: string | undefined; code: string | undefined }

/** Says what went wrong, in the person's language where the catalogue knows the code. */
export function explain(error: unknown): Explained {
  const { problems } = words()
  if (error instanceof ApiError) {
    const { code, detail, hint } = error.problem
    const known = problems.byCode[code]
    return { sentence: known ?? detail, hint: known === undefined ? hint ?? undefined : undefined, code }
  }
  if (error instanceof Unreachable) return { sentence: problems.unreachable, hint: undefined, code: undefined }
  return { sentence: problems.failed, hint: undefined, code: error instanceof Error ? error.name : undefined }
}
