import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { removeCatalog } from '@/api/apps'
import { keys } from '@/api/keys'
import type { CatalogView } from '@/api/types'
import { Confirm } from '@/components/Confirm'
import { Copyable } from '@/components/Copyable'
import { say } from '@/lib/notices'
import { ago } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { useAppsWords } from '@/lib/words/apps'
import { asked } from '@/pages/apps/asked'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'

/** The catalogues that the store shows, and how there are more or fewer of them. */
export function CatalogsCard({ catalogs }: { catalogs: readonly CatalogView[] }) {
  const t = useWords()
  const a = useAppsWords()
  const locale = useLocale()
  const client = useQueryClient()
  const [removing, setRemoving] = useState<string>()
  return (
    <Card title={a.catalogs}>
      <p className="text-ink-2">{a.catalogsLead}</p>
      <ul className="-my-1 divide-y divide-line">
        {catalogs.map(({ name, source, apps, since }) => (
          <li key={name} className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
            <span className="min-w-0 flex-1 basis-48">
              <span className="block font-medium break-words">{name}</span>
              <span className="block text-sm break-words text-ink-2">{[a.count(apps), a.handedOver(ago(new Date(since), locale)), source].filter((part) => part !== '').join(' · ')}</span>
            </span>
            <Button aria-label={`${t.common.remove}: ${name}`} onClick={() => { setRemoving(name) }}>{t.common.remove}</Button>
          </li>
        ))}
      </ul>
      <Copyable label={a.addByCommand} text={a.addCommand} />
      {removing !== undefined && (
        <Confirm open onClose={() => { setRemoving(undefined) }} title={a.removeTitle(removing)} lead={a.removeLead} action={t.common.remove}
          onConfirm={async () => { await removeCatalog(removing); asked.set({ search: '', category: '', from: 0 }); await client.invalidateQueries({ queryKey: keys.store }); say(a.removed) }} />
      )}
    </Card>
  )
}
