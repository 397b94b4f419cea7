import { expect, test } from 'vitest'
import { lines } from '@/lib/lines'

test('lines come whole, however they were cut', async () => {
  const pieces = ['{"a":1}\n{"b', '":"\u00fc', '"}\n', '\n{"c":3}']
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece))
      controller.close()
    },
  })
  const found: string[] = []
  for await (const line of lines(new Response(body))) found.push(line)
  expect(found).toEqual(['{"a":1}', '{"b":"\u00fc"}', '{"c":3}'])
})
