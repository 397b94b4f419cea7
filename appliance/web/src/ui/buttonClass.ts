/** How much a button asks for attention. */
export type ButtonLook = 'plain' | 'primary' | 'danger' | 'quiet' | 'island'

const looks: Record<ButtonLook, string> = {
  plain: 'border-line bg-surface text-ink hover:bg-sunk',
  primary: 'border-accent bg-accent text-accent-ink hover:brightness-110',
  danger: 'border-bad bg-bad text-paper hover:brightness-110',
  quiet: 'border-transparent text-ink-2 hover:bg-sunk hover:text-ink',
  island: 'border-transparent bg-island-sunk text-island-ink hover:brightness-110',
}

/** The classes of a button, also for links that look like one. */
export const buttonClass = (look: ButtonLook = 'plain'): string =>
  `inline-flex min-h-9 items-center justify-center gap-2 rounded-[10px] border px-3.5 py-1.5 text-sm font-semibold whitespace-nowrap transition-[background-color,filter] select-none aria-disabled:cursor-not-allowed aria-disabled:border-line aria-disabled:bg-sunk aria-disabled:text-ink-3 aria-disabled:brightness-100 ${looks[look]}`
