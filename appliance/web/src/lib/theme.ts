import { Store } from '@/lib/store'

/** Light, dark, or as the machine says. */
export type Theme = 'system' | 'light' | 'dark'

/** Also read by public/theme.js before the first paint. */
const KEY = 'croft-theme'

function stored(): Theme {
  const value = localStorage.getItem(KEY)
  return value === 'light' || value === 'dark' ? value : 'system'
}

/** The theme of this browser. */
export const theme = new Store<Theme>(stored())

/** Puts a theme into force and keeps it. */
export function chooseTheme(next: Theme): void {
  if (next === 'system') {
    localStorage.removeItem(KEY)
    delete document.documentElement.dataset['theme']
  } else {
    localStorage.setItem(KEY, next)
    document.documentElement.dataset['theme'] = next
  }
  theme.set(next)
}

/** Changes between light and dark, from what is seen now. */
export function toggleTheme(): void {
  chooseTheme(getComputedStyle(document.documentElement).colorScheme === 'dark' ? 'light' : 'dark')
}
