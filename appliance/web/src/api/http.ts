import type { paths } from '@/api/generated/schema'
import { ApiError, readProblem, Unreachable } from '@/api/problem'
import { lostBox } from '@/api/reach'
import { Store } from '@/lib/store'

/** Counts up when the box says that nobody is signed in; the app then asks who is. */
export const signedOut = new Store(0)

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** Paths of the API that know a method. */
type PathOf<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, object> ? P : never }[keyof paths]

/** What the API says of a method of a path. */
type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer Found> ? Found : never

type Json<Content> = Content extends { content: { 'application/json': infer Body } } ? Body : undefined

/** Statuses of an answer that is no problem. */
type Good = 200 | 201 | 202 | 204

/** The body that a method answers with when it succeeds. */
type AnswerOf<O> = O extends { responses: infer Codes } ? { [Code in keyof Codes & Good]: Json<Codes[Code]> }[keyof Codes & Good] : never

/** The body that a method wants. */
type BodyOf<O> = O extends { requestBody: infer Body } ? Json<Body> : undefined

export interface Call {
  /** Fills `{name}` in the path. */
  params?: Record<string, string | number>
  query?: Record<string, string | number | boolean | undefined>
  json?: unknown
  headers?: Record<string, string>
  /** Ends the call when nobody waits for it any more. */
  signal?: AbortSignal
}

/** An answer with its body read. */
export interface Answer<T> { body: T; etag: string | undefined }

/** Paths of signing in itself, where 401 means wrong, not signed out. */
const OPEN = new Set(['post /api/v1/session', 'get /api/v1/session', 'post /api/v1/recovery', 'post /api/v1/join'])

/** Asks the box. Throws `ApiError` with its problem document, or `Unreachable`. */
export async function call<M extends Method, P extends PathOf<M>>(method: M, path: P, options: Call = {}): Promise<Answer<AnswerOf<Operation<P, M>>>> {
  const response = await send(method.toUpperCase(), path, options)
  const text = await response.text()
  if (!response.ok) {
    if (response.status === 401 && !OPEN.has(`${method} ${path}`)) signedOut.set(signedOut.get() + 1)
    throw new ApiError(readProblem(response.status, text))
  }
  // The shape is what the box's own OpenAPI document promises; it is generated from the same types that made the answer.
  const body = (text === '' ? undefined : JSON.parse(text)) as AnswerOf<Operation<P, M>>
  return { body, etag: response.headers.get('ETag') ?? undefined }
}

async function send(method: string, path: string, options: Call): Promise<Response> {
  const init: RequestInit = { method, signal: options.signal ?? null, headers: { Accept: 'application/json', ...options.headers } }
  if (options.json !== undefined) {
    init.body = JSON.stringify(options.json)
    init.headers = { 'Content-Type': 'application/json', ...init.headers }
  }
  try {
    return await fetch(fill(path, options), init)
  } catch (error) {
    // Whoever gave it up knows that the box is there.
    if (options.signal?.aborted === true) throw error
    lostBox()
    throw new Unreachable('no answer', { cause: error })
  }
}

function fill(path: string, { params = {}, query = {} }: Call): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
  return search.size === 0 ? filled : `${filled}?${search.toString()}`
}

/** The body of a GET. */
export const get = async <P extends PathOf<'get'>>(path: P, options?: Call): Promise<AnswerOf<Operation<P, 'get'>>> => (await call('get', path, options)).body

/** The body of the answer to a POST. */
export const post = async <P extends PathOf<'post'>>(path: P, json: BodyOf<Operation<P, 'post'>>, options?: Call): Promise<AnswerOf<Operation<P, 'post'>>> =>
  (await call('post', path, { json, ...options })).body

/** Deletes. */
export const remove = async (path: PathOf<'delete'>, options?: Call): Promise<void> => { await call('delete', path, options) }
