import type { AppState, AppView, HostedApp } from '@/api/types'
import { openPath } from '@/lib/paths'
import type { AppsWords } from '@/lib/words/apps'
import type { Tone } from '@/ui/Pill'

/** How an app gets to somebody who wants to open it. */
export type Way =
  /** It opens at this address. */
  | { is: 'open'; href: string }
  /** At a bare address apps are not kept apart, so it opens where the box is called by its name. */
  | { is: 'named'; href: string; box: string }
  /** It does not open. */
  | { is: 'installing' | 'stopped' | 'pageless' | 'closed' }

/** Whether somebody of the household gets to an app. The gateway decides; this only says it before somebody knocks. */
export const letsIn = ({ open_to: to, people = [] }: HostedApp, person: string): boolean => to !== 'people' || people.includes(person)

/** The way to an app for a person, from the address at which the box was asked. */
export function wayTo(app: AppView, person: string, { hostname, port }: Pick<Location, 'hostname' | 'port'>): Way {
  const [named] = app.hosts
  if (app.wanted == null) return { is: 'installing' }
  if (named === undefined) return { is: 'pageless' }
  if (!letsIn(app.wanted, person)) return { is: 'closed' }
  if (app.state === 'stopped') return { is: 'stopped' }
  const box = named.slice(app.id.length + 1)
  if (hostname === 'localhost' || hostname === box) return { is: 'open', href: openPath(app.id) }
  return { is: 'named', href: `https://${box}${port === '' ? '' : `:${port}`}${openPath(app.id)}`, box }
}

/** How an app does, in a word. */
export function stateWord(a: AppsWords, { state, work }: AppView): string {
  if (work?.kind === 'uninstall') return a.leaving
  return work?.kind === 'restart' ? a.restarting : a.states[state]
}

export const stateTones: Record<AppState, Tone> = { installing: 'plain', running: 'good', starting: 'warn', stopped: 'plain', failing: 'bad' }
