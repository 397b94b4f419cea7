import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { peopleQuery } from '@/api/people'
import { sectionQuery } from '@/api/settings'
import { spacesQuery } from '@/api/spaces'
import type { SpaceEntry } from '@/api/types'
import { Confirm } from '@/components/Confirm'
import { Loaded } from '@/components/Loaded'
import { useOwnerOnly, usePerson } from '@/components/person'
import { MembersForm } from '@/forms/MembersForm'
import { useSave } from '@/forms/section'
import { SpaceForm } from '@/forms/SpaceForm'
import { say } from '@/lib/notices'
import { useWords } from '@/lib/words'
import { SpaceLine } from '@/pages/settings/SpaceLine'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Modal } from '@/ui/Modal'
import { Nothing } from '@/ui/Nothing'

const shared = (spaces: SpaceEntry[]): SpaceEntry[] => spaces.filter(({ kind, archived_at: archived }) => kind === 'shared' && archived == null)

/** Shared spaces: make one, change its members, put it away. */
export function SpacesSection() {
  const t = useWords()
  const { person: self } = usePerson()
  const forbidden = useOwnerOnly()
  const spaces = useQuery(spacesQuery)
  const { data: people = [] } = useQuery(peopleQuery)
  const section = useQuery({ ...sectionQuery('spaces'), enabled: forbidden === undefined })
  const save = useSave('spaces', section.data)
  const [adding, setAdding] = useState(false)
  const [changing, setChanging] = useState<SpaceEntry>()
  const [archiving, setArchiving] = useState<SpaceEntry>()
  const add = <Button look="primary" forbidden={forbidden} onClick={() => { setAdding(true) }}>{t.settings.addSpace}</Button>
  return (
    <Card title={t.settings.spaces} aside={add}>
      <p className="text-ink-2">{t.settings.spacesLead}</p>
      <Loaded query={spaces} isEmpty={(all) => shared(all).length === 0} empty={<Nothing icon="shared" title={t.settings.spacesEmpty} help={t.settings.spacesEmptyHelp} />}>
        {(all) => (
          <ul className="divide-y divide-line">
            {shared(all).map((space) => <SpaceLine key={space.id} space={space} people={people} forbidden={forbidden} onChange={() => { setChanging(space) }} onArchive={() => { setArchiving(space) }} />)}
          </ul>
        )}
      </Loaded>
      <Modal open={adding} onClose={() => { setAdding(false) }} title={t.settings.addSpace} lead={t.settings.spacesLead}>
        <SpaceForm people={people} self={self} onCancel={() => { setAdding(false) }} onDone={(name) => { setAdding(false); say(t.settings.made(name)) }} />
      </Modal>
      {changing && (
        <Modal open onClose={() => { setChanging(undefined) }} title={t.settings.membersOf(changing.name)}>
          <MembersForm space={changing} people={people} onCancel={() => { setChanging(undefined) }} save={async (patch) => { await save(patch); setChanging(undefined) }} />
        </Modal>
      )}
      {archiving && (
        <Confirm open onClose={() => { setArchiving(undefined) }} title={t.settings.archiveTitle(archiving.name)} lead={t.settings.archiveLead} typed={archiving.name} action={t.settings.archive}
          onConfirm={() => save({ [archiving.id]: { archived_at: new Date().toISOString() } })} />
      )}
    </Card>
  )
}
