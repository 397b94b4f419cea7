import { useQuery } from '@tanstack/react-query'
import { linksQuery } from '@/api/links'
import { Loaded } from '@/components/Loaded'
import { useWords } from '@/lib/words'
import { Breadcrumbs } from '@/pages/files/Breadcrumbs'
import { LinkLine } from '@/pages/links/LinkLine'
import { Nothing } from '@/ui/Nothing'
import { PageHead } from '@/ui/PageHead'

/** All links: one's own, and those of others in spaces that one manages. */
export function LinksPage() {
  const t = useWords()
  const query = useQuery(linksQuery)
  return (
    <>
      <PageHead above={<Breadcrumbs folder={[t.links.title]} />} title={t.links.title} lead={`${t.links.lead} ${t.links.atHome}`} />
      <Loaded query={query} lines={6} isEmpty={(links) => links.length === 0} empty={<Nothing icon="shared" title={t.links.nothing} help={t.links.nothingHelp} />}>
        {(links) => <ul className="flex flex-col">{links.map((link) => <LinkLine key={link.id} link={link} named />)}</ul>}
      </Loaded>
    </>
  )
}
