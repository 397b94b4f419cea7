import { useQuery } from '@tanstack/react-query'
import { folderQuery } from '@/api/dav'
import { isCode, isStatus } from '@/api/problem'
import { Loaded } from '@/components/Loaded'
import { usePerson } from '@/components/person'
import type { Path } from '@/lib/path'
import { folderPath, timesPath } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { useTimesWords } from '@/lib/words/times'
import { Breadcrumbs } from '@/pages/files/Breadcrumbs'
import { FolderView } from '@/pages/files/FolderView'
import { MissingNote } from '@/pages/files/MissingNote'
import { Link } from '@/ui/Link'
import { PageHead } from '@/ui/PageHead'
import { buttonClass } from '@/ui/buttonClass'

/** A folder of one's own tree; shared spaces are folders at its root. */
export function FilesPage({ folder }: { folder: Path }) {
  const t = useWords()
  const w = useTimesWords()
  const { name: person } = usePerson()
  const listing = useQuery(folderQuery(person, folder))
  const title = folder.at(-1) ?? t.files.title
  if (isStatus(listing.error, 404)) {
    return (
      <PageHead above={<Breadcrumbs folder={folder} />} title={t.files.missing}>
        <Link href={timesPath(undefined, folder)} className={buttonClass('quiet')}>{w.title}</Link>
        <Link href={folderPath(folder.slice(0, -1))} className={buttonClass()}>{t.files.up}</Link>
      </PageHead>
    )
  }
  if (isCode(listing.error, 'much-is-missing')) {
    return (
      <>
        <PageHead above={<Breadcrumbs folder={folder} />} title={title} />
        <MissingNote person={person} folder={folder} error={listing.error} onRetry={() => { void listing.refetch() }} />
      </>
    )
  }
  if (listing.data) return <FolderView key={folderPath(folder)} person={person} folder={folder} title={title} listing={listing.data} />
  return (
    <>
      <PageHead above={<Breadcrumbs folder={folder} />} title={title} />
      <Loaded query={listing} lines={8}>{() => null}</Loaded>
    </>
  )
}
