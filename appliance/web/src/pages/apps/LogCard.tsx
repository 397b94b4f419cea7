import { useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { appLogQuery } from '@/api/apps'
import type { AppView } from '@/api/types'
import { Loaded } from '@/components/Loaded'
import { useSeen } from '@/lib/seen'
import { useSettled } from '@/lib/settled'
import { useAppsWords } from '@/lib/words/apps'
import { LogLines } from '@/pages/apps/LogLines'
import { Card } from '@/ui/Card'
import { Field } from '@/ui/Field'
import { Select } from '@/ui/Select'
import { TextInput } from '@/ui/TextInput'

/** How long nobody types before the box is asked, in milliseconds. */
const SETTLED_MS = 300

/** What an app wrote last; it goes on while it is seen. */
export function LogCard({ app }: { app: AppView }) {
  const a = useAppsWords()
  const place = useRef<HTMLDivElement>(null)
  const seen = useSeen(place)
  const [part, setPart] = useState('')
  const [search, setSearch] = useState('')
  const sought = useSettled(search.trim(), SETTLED_MS)
  const log = useQuery({ ...appLogQuery(app.id, part, sought), enabled: seen, placeholderData: (before) => before })
  return (
    <div ref={place} className="min-w-0 lg:col-span-2">
      <Card title={a.log}>
        <div className="grid gap-3 sm:grid-cols-2">
          <Field label={a.searchLog}>{(ids) => <TextInput {...ids} type="search" value={search} onText={setSearch} maxLength={200} autoCapitalize="none" spellCheck={false} />}</Field>
          {app.services.length > 1 && (
            <Field label={a.part}>{(ids) => <Select {...ids} value={part} options={[['', a.allParts], ...app.services.map(({ name }) => [name, name] as const)]} onChoose={setPart} />}</Field>
          )}
        </div>
        <Loaded query={log} isEmpty={({ lines }) => lines.length === 0} empty={<p className="text-ink-2">{sought === '' ? a.noLines : a.noFound(sought)}</p>}>
          {({ lines }) => <LogLines lines={lines} several={app.services.length > 1 && part === ''} />}
        </Loaded>
      </Card>
    </div>
  )
}
