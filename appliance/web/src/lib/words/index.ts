import { Store, useStore } from '@/lib/store'
import { de } from '@/lib/words/de'
import { en, type Words } from '@/lib/words/en'

export type { Words }
export type Language = 'en' | 'de'

/** The catalogues by language; both have the same shape, which the compiler checks. */
export const catalogues: Record<Language, Words> = { en, de }

/** What each language calls itself. */
export const languageNames: Record<Language, string> = { en: 'English', de: 'Deutsch' }

const KEY = 'croft-language'

function preferred(): Language {
  const wanted = [localStorage.getItem(KEY), ...navigator.languages].map((tag) => tag?.slice(0, 2))
  return wanted.find((tag): tag is Language => tag === 'en' || tag === 'de') ?? 'en'
}

/** The language of this browser. */
export const language = new Store<Language>(preferred())
document.documentElement.lang = language.get()

/** Puts a language into force and keeps it. */
export function chooseLanguage(next: Language): void {
  localStorage.setItem(KEY, next)
  document.documentElement.lang = next
  language.set(next)
}

/** The words in the language of this browser. */
export const useWords = (): Words => catalogues[useStore(language)]

/** The same outside of a component, for what is said once. */
export const words = (): Words => catalogues[language.get()]

/** How numbers and dates are written: as in the browser's own variant of the language (`en-GB`), where it names one. */
export const useLocale = (): string => {
  const tongue = useStore(language)
  return navigator.languages.find((tag) => tag.startsWith(`${tongue}-`)) ?? tongue
}
