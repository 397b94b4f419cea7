import { paths } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { Link } from '@/ui/Link'

/** The way back to signing in. */
export function BackToDoor() {
  const t = useWords()
  return <p className="mt-5 text-sm"><Link href={paths.home} className="underline underline-offset-4">{t.door.backToSignIn}</Link></p>
}
