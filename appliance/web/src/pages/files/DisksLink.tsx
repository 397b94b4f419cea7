import { useQuery } from '@tanstack/react-query'
import { onDisksQuery } from '@/api/adopted'
import { paths } from '@/lib/paths'
import { useDiskWords } from '@/lib/words/disks'
import { Link } from '@/ui/Link'
import { buttonClass } from '@/ui/buttonClass'

/** The way to the disks that are used as they are, where the person may read one. */
export function DisksLink({ person }: { person: string }) {
  const d = useDiskWords()
  const { data } = useQuery(onDisksQuery(person, []))
  return data && data.entries.length > 0 ? <Link href={paths.disks} className={buttonClass('quiet')}>{d.title}</Link> : null
}
