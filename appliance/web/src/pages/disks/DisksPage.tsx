import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { onDisksQuery, onDiskUrl } from '@/api/adopted'
import { isStatus } from '@/api/problem'
import { Loaded } from '@/components/Loaded'
import { usePerson } from '@/components/person'
import { sortEntries } from '@/lib/entries'
import type { Path } from '@/lib/path'
import { diskPath, paths } from '@/lib/paths'
import type { Entry } from '@/lib/propfind'
import { useLocale, useWords } from '@/lib/words'
import { useDiskWords } from '@/lib/words/disks'
import { DiskList } from '@/pages/disks/DiskList'
import { CarryDialog } from '@/pages/files/CarryDialog'
import { Button } from '@/ui/Button'
import { Link } from '@/ui/Link'
import { Nothing } from '@/ui/Nothing'
import { PageHead } from '@/ui/PageHead'
import { buttonClass } from '@/ui/buttonClass'

/** A folder on a disk that is used as it is; without one, all such disks. Everything there is read and copied, nothing is changed. */
export function DisksPage({ folder }: { folder: Path }) {
  const t = useWords()
  const d = useDiskWords()
  const locale = useLocale()
  const { name: person } = usePerson()
  const listing = useQuery(onDisksQuery(person, folder))
  const [copying, setCopying] = useState<readonly Entry[]>()
  const top = folder.length === 0
  const missing = isStatus(listing.error, 404)
  return (
    <>
      <PageHead above={<Way folder={folder} />} title={folder.at(-1) ?? d.title} lead={d.lead}>
        {!top && listing.data && listing.data.entries.length > 0 && <Button onClick={() => { setCopying(listing.data.entries) }}>{d.copyAll}</Button>}
      </PageHead>
      {missing
        ? <Nothing icon="folder" title={d.missing}><Link href={diskPath(folder.slice(0, -1))} className={buttonClass()}>{t.files.up}</Link></Nothing>
        : (
          <Loaded query={listing} lines={6} isEmpty={({ entries }) => entries.length === 0} empty={<Nothing icon="disk" title={top ? d.none : d.nothing} {...(top ? { help: d.noneHelp } : {})} />}>
            {({ entries }) => <DiskList person={person} entries={sortEntries(entries, { key: 'name', descending: false }, locale)} top={top} onCopy={(entry) => { setCopying([entry]) }} />}
          </Loaded>
        )}
      {copying && <CarryDialog person={person} folder={[]} entries={copying} source={(path) => onDiskUrl(person, path)} onClose={() => { setCopying(undefined) }} />}
    </>
  )
}

/** The way from the files over the disks. */
function Way({ folder }: { folder: Path }) {
  const t = useWords()
  const d = useDiskWords()
  const above = [{ name: t.files.root, href: paths.files as string }, ...folder.map((_, depth) => ({ name: depth === 0 ? d.title : folder[depth - 1] ?? '', href: diskPath(folder.slice(0, depth)) }))]
  return (
    <nav aria-label={t.files.path} className="mb-1">
      <ol className="flex flex-wrap gap-x-2 text-[15px] text-ink-2">
        {above.map(({ name, href }) => (
          <li key={href} className="flex min-w-0 gap-2">
            <Link href={href} className="max-w-[24ch] truncate underline-offset-4 hover:underline">{name}</Link>
            <span aria-hidden="true" className="text-ink-3">/</span>
          </li>
        ))}
      </ol>
    </nav>
  )
}
