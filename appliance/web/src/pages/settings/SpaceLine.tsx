import { useQuery } from '@tanstack/react-query'
import { folderQuery } from '@/api/dav'
import type { PersonEntry, SpaceEntry } from '@/api/types'
import { usePerson } from '@/components/person'
import { mountName } from '@/lib/mounts'
import { folderPath } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { Button } from '@/ui/Button'
import { Icon } from '@/ui/Icon'
import { Link } from '@/ui/Link'

/** A shared space and its members. */
export function SpaceLine({ space, people, forbidden, onChange, onArchive }: { space: SpaceEntry; people: readonly PersonEntry[]; forbidden: string | undefined; onChange: () => void; onArchive: () => void }) {
  const t = useWords()
  const root = useQuery(folderQuery(usePerson().name, [])).data?.entries
  const members = Object.entries(space.members).map(([id, right]) => `${people.find((person) => person.id === id)?.display_name ?? id}: ${t.settings.rights[right].toLowerCase()}`)
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
      <span className="text-accent"><Icon name="shared" size={26} /></span>
      <span className="min-w-0 flex-1 basis-48">
        <Link href={folderPath([mountName(space.name, root)])} className="block font-semibold break-words underline-offset-4 hover:underline">{space.name}</Link>
        <span className="block text-sm text-ink-2">{members.join(' · ')}</span>
      </span>
      <Button forbidden={forbidden} aria-label={`${t.settings.change}: ${space.name}`} onClick={onChange}>{t.settings.change}</Button>
      <Button forbidden={forbidden} aria-label={`${t.settings.archive}: ${space.name}`} onClick={onArchive}>{t.settings.archive}</Button>
    </li>
  )
}
