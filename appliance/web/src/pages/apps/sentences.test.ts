import { expect, test } from 'vitest'
import type { AppView } from '@/api/types'
import { appsCatalogues } from '@/lib/words/apps'
import { asks, doing, headOf, webAddress } from '@/pages/apps/sentences'

const a = appsCatalogues.en
const app = (name: string, more: Partial<AppView> = {}): AppView => ({
  id: name.toLowerCase(), name, state: 'running', services: [], hosts: [], permissions: [], traffic: { received: 0, sent: 0, denied: 0 }, since: '2026-08-03T10:00:00Z', ...more,
})

test('the head says how many apps there are, and names the one that is not well', () => {
  const head = (...apps: AppView[]): string => headOf(a, { engine: { is: 'ready', version: '' }, apps })
  expect(headOf(a, undefined)).toBe('Apps')
  expect(head()).toBe('Apps')
  expect(head(app('Photos'))).toBe('One app is here.')
  expect(head(app('Photos'), app('Notes', { state: 'failing' }))).toBe('Notes is not well.')
  expect(head(app('Photos', { state: 'failing' }), app('Notes', { state: 'failing' }))).toBe('2 apps are not well.')
})

test('work goes before trouble, and trouble before the state', () => {
  expect(doing(a, app('Photos'))).toBe('All is well.')
  expect(doing(a, app('Photos', { state: 'failing', trouble: 'No room.' }))).toBe('No room.')
  expect(doing(a, app('Photos', { trouble: 'No room.', work: { kind: 'restart', step: '' } }))).toBe('Photos is starting again')
})

test('an app that cannot be had says why, any other what it asks for', () => {
  const permissions = [{ word: 'gpu', means: 'It uses the graphics processor of the box.' }]
  expect(asks(a, { permissions, refused: ['No.'] })).toEqual({ refused: true, lines: ['No.'] })
  expect(asks(a, { permissions, refused: [] })).toEqual({ refused: false, lines: ['It uses the graphics processor of the box.'] })
  expect(asks(a, { permissions: [], refused: [] })).toEqual({ refused: false, lines: [a.asksNothing] })
})

test('only addresses of the web are followed', () => {
  for (const text of ['javascript:alert(1)', 'data:text/html,x', '//example.org', 'https:///x', 'example.org', '']) expect(webAddress(text), text).toBeUndefined()
  for (const text of ['https://example.org', 'HTTP://example.org/a']) expect(webAddress(text), text).toBe(text)
})
