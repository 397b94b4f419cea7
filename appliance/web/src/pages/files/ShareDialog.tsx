import { useQuery } from '@tanstack/react-query'
import { linksAtQuery } from '@/api/links'
import { Loaded } from '@/components/Loaded'
import { LinkForm } from '@/forms/LinkForm'
import { pathKey } from '@/lib/path'
import type { Entry } from '@/lib/propfind'
import { useWords } from '@/lib/words'
import { LinkLine } from '@/pages/links/LinkLine'
import { Button } from '@/ui/Button'
import { Modal } from '@/ui/Modal'

/** The links to a file or folder, and a new one. */
export function ShareDialog({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const t = useWords()
  const query = useQuery(linksAtQuery(entry.path))
  return (
    <Modal open onClose={onClose} title={t.links.shareTitle(entry.name)} lead={t.links.shareLead}>
      <p className="rounded-2 bg-sunk px-3 py-2 text-sm">{t.links.atHome}</p>
      <Loaded query={query} lines={2}>
        {(links) => {
          const own = links.filter(({ path }) => path === pathKey(entry.path))
          return own.length > 0 && (
            <section aria-label={t.links.existing}>
              <ul className="flex flex-col">{own.map((link) => <LinkLine key={link.id} link={link} />)}</ul>
            </section>
          )
        }}
      </Loaded>
      <LinkForm entry={entry} />
      <div className="flex justify-end"><Button onClick={onClose}>{t.common.close}</Button></div>
    </Modal>
  )
}
