import { Icon } from '@/ui/Icon'

/** The mark of a selected thing, over its picture; for mouse and touch only, the keyboard has the space bar. */
export function Check() {
  return (
    <span aria-hidden="true" className="grid size-6 place-items-center rounded-full border border-edge bg-surface text-transparent opacity-0 group-hover/entry:opacity-100 group-aria-selected/entry:border-accent group-aria-selected/entry:bg-accent group-aria-selected/entry:text-accent-ink group-aria-selected/entry:opacity-100">
      <Icon name="check" size={15} />
    </span>
  )
}
