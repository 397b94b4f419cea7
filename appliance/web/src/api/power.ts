import { post } from '@/api/http'
import { expectGone } from '@/api/reach'
import type { Power } from '@/api/types'

/** Restarts the box or shuts it down. It answers first; from then on the page waits for its end, and after a restart for its return. */
export async function orderPower(how: Power): Promise<void> {
  await post('/api/v1/power', { do: how })
  expectGone(how)
}
