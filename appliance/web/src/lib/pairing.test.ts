import { expect, test } from 'vitest'
import { codeIn } from '@/lib/pairing'

test('a code comes out of an address, and nothing else does', () => {
  expect(codeIn('claim=7K3M-9XQT')).toBe('7K3M-9XQT')
  expect(codeIn('claim=7k3m9xqt')).toBe('7K3M9XQT')
  for (const other of ['', 'claim=', '7K3M-9XQT', 'claim=7K3M-9XQT&x=1', 'claim=<script>', 'claim=7K3M-9XQT-', 'xclaim=7K3M-9XQT']) expect(codeIn(other)).toBeUndefined()
})
