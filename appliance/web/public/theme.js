// Runs before the first paint, so that a chosen theme or language never flashes. The same keys stand in src/lib/theme.ts and src/lib/words.
try {
  var theme = localStorage.getItem('croft-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch { /* Storage is refused: the theme of the machine it is. */ }
