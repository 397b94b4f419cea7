import { expect, test } from 'vitest'
import type { AppView, HostedApp } from '@/api/types'
import { stateWord, wayTo } from '@/components/apps'
import { appsCatalogues } from '@/lib/words/apps'

const wanted = (more: Partial<HostedApp> = {}): HostedApp => ({ number: 1, name: 'Photos', running: true, open_to: 'household', ...more })
const app = (more: Partial<AppView> = {}): AppView => ({
  id: 'photos', name: 'Photos', state: 'running', wanted: wanted(), services: [], hosts: ['photos-hollyhock.local', 'photos.localhost'], permissions: [],
  traffic: { received: 0, sent: 0, denied: 0 }, since: '2026-08-03T10:00:00Z', ...more,
})
const at = (hostname: string, port = ''): Pick<Location, 'hostname' | 'port'> => ({ hostname, port })

test('an app opens by the name of the box alone, and only for whom it is open to', () => {
  const check = (asked: AppView, place: Pick<Location, 'hostname' | 'port'>, expected: unknown): void => { expect(wayTo(asked, 'p2', place)).toEqual(expected) }
  const opens = { is: 'open', href: '/open/photos' }
  check(app(), at('hollyhock.local'), opens)
  check(app(), at('localhost', '8443'), opens)
  check(app(), at('192.0.2.7', '8443'), { is: 'named', href: 'https://hollyhock.local:8443/open/photos', box: 'hollyhock.local' })
  check(app(), at('files.home.arpa'), { is: 'named', href: 'https://hollyhock.local/open/photos', box: 'hollyhock.local' })
  check(app({ state: 'failing' }), at('localhost'), opens)
  check(app({ state: 'stopped' }), at('localhost'), { is: 'stopped' })
  check(app({ hosts: [] }), at('localhost'), { is: 'pageless' })
  check(app({ wanted: null, state: 'installing' }), at('localhost'), { is: 'installing' })
  check(app({ wanted: wanted({ open_to: 'people', people: ['p1'] }) }), at('localhost'), { is: 'closed' })
  check(app({ wanted: wanted({ open_to: 'people', people: ['p1', 'p2'] }) }), at('localhost'), opens)
  check(app({ wanted: wanted({ open_to: 'public' }) }), at('localhost'), opens)
})

test('what is being done to an app is said before how it does', () => {
  const word = (more: Partial<AppView>): string => stateWord(appsCatalogues.en, app(more))
  expect(word({})).toBe('runs')
  expect(word({ work: { kind: 'restart', step: '' } })).toBe('starting again')
  expect(word({ work: { kind: 'uninstall', step: '' } })).toBe('being removed')
  expect(word({ work: { kind: 'install', step: '' }, state: 'installing' })).toBe('being installed')
})
