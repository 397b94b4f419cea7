import { act } from 'react'
import { createRoot } from 'react-dom/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SmallPicture } from '@/components/SmallPicture'

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('a refused picture is asked for three times more, and no longer once it is gone', () => {
  const place = document.createElement('div')
  const root = createRoot(place)
  const show = (src: string): void => { act(() => { root.render(<SmallPicture src={src} otherwise="icon" />) }) }
  const fail = (): void => { act(() => { place.querySelector('img')?.dispatchEvent(new Event('error')) }) }
  const wait = (ms: number): void => { act(() => { vi.advanceTimersByTime(ms) }) }
  show('/a')
  for (let more = 0; more < 3; more++) {
    fail()
    expect(place.textContent).toBe('icon')
    wait(4_999)
    expect(place.querySelector('img')).toBeNull()
    wait(2_501)
    expect(place.querySelector('img')).not.toBeNull()
  }
  fail()
  wait(60_000)
  expect(place.innerHTML).toBe('icon')

  show('/b')
  expect(place.querySelector('img')?.getAttribute('src')).toBe('/b')
  fail()
  expect(vi.getTimerCount()).toBe(1)
  act(() => { root.unmount() })
  expect(vi.getTimerCount()).toBe(0)
})
