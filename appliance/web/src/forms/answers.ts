/** What somebody fills in before an install. Pure. */
import type { StoreQuestion } from '@/api/types'

export type Answers = Readonly<Record<string, string>>

/** The form as it is first seen: what holds while nobody has filled it in stands there. */
export const beginning = (questions: readonly StoreQuestion[]): Answers => Object.fromEntries(questions.map(({ key, default: value }) => [key, value ?? '']))

/** Why an answer cannot be taken, as far as this can be told here; the box judges all of it. */
export type Flaw = 'missing' | 'number' | 'address' | 'mail'

/** What is wrong with an answer; `undefined` where nothing is. */
export function flawOf(question: StoreQuestion, answers: Answers): Flaw | undefined {
  const text = (answers[question.key] ?? '').trim()
  // Where there is something that holds by itself, nothing needs to be filled in.
  if (text === '') return question.required && question.default == null ? 'missing' : undefined
  switch (question.kind) {
    case 'number': return /^-?\d+$/.test(text) ? undefined : 'number'
    case 'url': return /^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(text) ? undefined : 'address'
    case 'mail': return /^\S+@\S+$/.test(text) ? undefined : 'mail'
    default: return undefined
  }
}

/** What is sent: what was filled in and differs from what holds by itself. Blanks around it are no part of it, but in a password. */
export function sent(questions: readonly StoreQuestion[], answers: Answers): Record<string, string> {
  return Object.fromEntries(questions.flatMap(({ key, kind, default: held }) => {
    const typed = answers[key] ?? ''
    const text = kind === 'password' ? typed : typed.trim()
    return text === '' || text === held ? [] : [[key, text]]
  }))
}
