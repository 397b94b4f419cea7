import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { emptyTrash, purgeItem, restoreItem, trashQuery } from '@/api/kept'
import { keys } from '@/api/keys'
import { Confirm } from '@/components/Confirm'
import { Loaded } from '@/components/Loaded'
import { usePerson } from '@/components/person'
import type { TrashItem } from '@/lib/kept'
import { say } from '@/lib/notices'
import { bytes } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { Breadcrumbs } from '@/pages/files/Breadcrumbs'
import { TrashRow } from '@/pages/trash/TrashRow'
import { Button } from '@/ui/Button'
import { Nothing } from '@/ui/Nothing'
import { PageHead } from '@/ui/PageHead'

/** What was deleted: it comes back from here, or goes for good. */
export function TrashPage() {
  const t = useWords()
  const locale = useLocale()
  const client = useQueryClient()
  const { name: person } = usePerson()
  const query = useQuery(trashQuery(person))
  const [purging, setPurging] = useState<TrashItem>()
  const [emptying, setEmptying] = useState(false)
  const size = bytes((query.data ?? []).reduce((sum, item) => sum + (item.size ?? 0), 0), locale)
  const count = query.data?.length ?? 0
  const reload = (): Promise<void> => client.invalidateQueries({ queryKey: keys.trash })
  const restore = async (item: TrashItem): Promise<void> => {
    const place = await restoreItem(person, item.address)
    await Promise.all([reload(), client.invalidateQueries({ queryKey: keys.folders })])
    say(t.trash.restored(place.at(-1) ?? item.name))
  }
  return (
    <>
      <PageHead above={<Breadcrumbs folder={[t.trash.title]} />} title={t.trash.title} lead={count > 0 ? t.trash.lead(count, size) : undefined}>
        {count > 0 && <Button onClick={() => { setEmptying(true) }}>{t.trash.empty}</Button>}
      </PageHead>
      <Loaded query={query} lines={6} isEmpty={(items) => items.length === 0} empty={<Nothing icon="trash" title={t.trash.nothing} help={t.trash.nothingHelp} />}>
        {(items) => (
          <ul className="flex flex-col">
            {items.map((item) => <TrashRow key={item.address} item={item} onRestore={() => restore(item)} onPurge={() => { setPurging(item) }} />)}
          </ul>
        )}
      </Loaded>
      <Confirm
        open={purging !== undefined} onClose={() => { setPurging(undefined) }} title={t.trash.purgeTitle(purging?.name ?? '')} lead={t.trash.forGood} action={t.trash.purge}
        onConfirm={async () => {
          if (purging) await purgeItem(person, purging.address)
          await reload()
          say(t.trash.purged)
        }}
      />
      <Confirm
        open={emptying} onClose={() => { setEmptying(false) }} title={t.trash.emptyTitle} lead={t.trash.emptyLead(count, size)} action={t.trash.empty}
        onConfirm={async () => {
          await emptyTrash(person)
          await reload()
          say(t.trash.emptied)
        }}
      />
    </>
  )
}
