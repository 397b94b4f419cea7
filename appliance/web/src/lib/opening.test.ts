import { beforeEach, expect, test } from 'vitest'
import { forgetLoads, mayLoadAnew } from '@/lib/opening'

beforeEach(() => { sessionStorage.clear() })

test('an address is loaded anew once, and not again when it comes back at once', () => {
  expect(mayLoadAnew('/open/photos?to=%2Fa', 1_000)).toBe(true)
  expect(mayLoadAnew('/open/photos?to=%2Fa', 1_900)).toBe(false)
  // The time runs from each refusal on, so that a page that keeps coming back is refused each time.
  expect(mayLoadAnew('/open/photos?to=%2Fa', 15_000)).toBe(false)
  expect(mayLoadAnew('/open/photos?to=%2Fa', 40_000)).toBe(true)
})

test('another address is another matter, and so is somebody who wants to try again', () => {
  expect(mayLoadAnew('/open/photos', 0)).toBe(true)
  expect(mayLoadAnew('/open/notes', 1)).toBe(true)
  forgetLoads()
  expect(mayLoadAnew('/open/notes', 2)).toBe(true)
})
