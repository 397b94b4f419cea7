import { expect, test } from 'vitest'
import type { StoreQuestion } from '@/api/types'
import { beginning, flawOf, sent, type Flaw } from '@/forms/answers'

const question = (more: Partial<StoreQuestion>): StoreQuestion => ({ key: 'K', label: 'Label', hint: '', kind: 'text', required: false, choices: [], ...more })

test('what is wrong with an answer is said as far as it can be told', () => {
  const check = (more: Partial<StoreQuestion>, answer: string | undefined, expected: Flaw | undefined): void => {
    expect(flawOf(question(more), answer === undefined ? {} : { K: answer }), `${JSON.stringify(more)} ${String(answer)}`).toBe(expected)
  }
  check({}, '', undefined)
  check({ required: true }, undefined, 'missing')
  check({ required: true }, '  ', 'missing')
  check({ required: true, default: 'x' }, '', undefined)
  check({ required: true }, 'x', undefined)
  check({ kind: 'number' }, '12', undefined)
  check({ kind: 'number' }, '-3 ', undefined)
  check({ kind: 'number' }, '1.5', 'number')
  check({ kind: 'url' }, 'https://example.org/a', undefined)
  check({ kind: 'url' }, 'example.org', 'address')
  check({ kind: 'mail' }, 'ana@example.org', undefined)
  check({ kind: 'mail' }, 'ana', 'mail')
})

test('what holds by itself is shown, and is sent only when it was changed', () => {
  const questions = [question({ key: 'A', default: 'a' }), question({ key: 'B' }), question({ key: 'C', kind: 'password' })]
  expect(beginning(questions)).toEqual({ A: 'a', B: '', C: '' })
  expect(sent(questions, beginning(questions))).toEqual({})
  expect(sent(questions, { A: 'other', B: ' b ', C: ' c ' })).toEqual({ A: 'other', B: 'b', C: ' c ' })
})
