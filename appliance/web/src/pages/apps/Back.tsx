import { Icon } from '@/ui/Icon'
import { Link } from '@/ui/Link'

/** The way back to the list from which one came. */
export function Back({ href, words }: { href: string; words: string }) {
  return <p className="mb-1 text-[15px] text-ink-2"><Link href={href} className="inline-flex items-center gap-1 hover:text-ink"><Icon name="left" size={16} />{words}</Link></p>
}
