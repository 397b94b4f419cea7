/** The sentences of the pages of apps. Pure. */
import type { AppList, AppView, StoreApp } from '@/api/types'
import type { AppsWords } from '@/lib/words/apps'

/** How many apps there are, and whether all is well with them. */
export function headOf(a: AppsWords, list: AppList | undefined): string {
  if (!list || list.apps.length === 0) return a.title
  const failing = list.apps.filter(({ state }) => state === 'failing')
  const [first] = failing
  if (first === undefined) return a.here(list.apps.length)
  return failing.length === 1 ? a.ill(first.name) : a.illMany(failing.length)
}

/** How one app does, in a sentence. */
export function doing(a: AppsWords, { state, work, trouble, name }: AppView): string {
  if (work != null) return a.works(work.kind, name)
  // What keeps it from being as it shall says more than that it is not.
  return trouble ?? a.sentences[state]
}

/** What an app of the store asks for, a line for each; or why it cannot be had, which comes first. */
export function asks(a: AppsWords, { permissions, refused }: Pick<StoreApp, 'permissions' | 'refused'>): { refused: boolean; lines: string[] } {
  if (refused.length > 0) return { refused: true, lines: refused }
  return { refused: false, lines: permissions.length === 0 ? [a.asksNothing] : permissions.map(({ means }) => means) }
}

/** Which apps of how many a page of the store shows. */
export const span = (a: AppsWords, from: number, shown: number, total: number): string => a.span(from + 1, from + shown, total)

/** An address that may be followed: what a catalogue writes may be anything. */
export const webAddress = (text: string): string | undefined => /^https?:\/\/[^\s/]/i.test(text) ? text : undefined
