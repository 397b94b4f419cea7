import type { Path } from '@/lib/path'
import { folderPath } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { Link } from '@/ui/Link'

/** The way from the root to the folder above. */
export function Breadcrumbs({ folder }: { folder: Path }) {
  const t = useWords()
  if (folder.length === 0) return null
  const above = [t.files.root, ...folder.slice(0, -1)]
  return (
    <nav aria-label={t.files.path} className="mb-1">
      <ol className="flex flex-wrap gap-x-2 text-[15px] text-ink-2">
        {above.map((name, depth) => (
          <li key={depth} className="flex min-w-0 gap-2">
            <Link href={folderPath(folder.slice(0, depth))} className="max-w-[24ch] truncate underline-offset-4 hover:underline">{name}</Link>
            <span aria-hidden="true" className="text-ink-3">/</span>
          </li>
        ))}
      </ol>
    </nav>
  )
}
