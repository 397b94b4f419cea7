import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { peopleQuery, removePerson } from '@/api/people'
import type { Invitation, PersonEntry } from '@/api/types'
import { Confirm } from '@/components/Confirm'
import { Loaded } from '@/components/Loaded'
import { useOwnerOnly } from '@/components/person'
import { PersonForm } from '@/forms/PersonForm'
import { say } from '@/lib/notices'
import { useWords } from '@/lib/words'
import { InvitationModal } from '@/pages/settings/InvitationModal'
import { PersonLine } from '@/pages/settings/PersonLine'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Modal } from '@/ui/Modal'

/** Who lives here: add, invite, remove. */
export function PeopleSection() {
  const t = useWords()
  const people = useQuery(peopleQuery)
  const forbidden = useOwnerOnly()
  const [adding, setAdding] = useState(false)
  const [invited, setInvited] = useState<{ name: string; invitation: Invitation }>()
  const [removing, setRemoving] = useState<PersonEntry>()
  return (
    <Card title={t.settings.people} aside={<Button look="primary" forbidden={forbidden} onClick={() => { setAdding(true) }}>{t.settings.addPerson}</Button>}>
      <p className="text-ink-2">{t.settings.peopleLead}</p>
      <Loaded query={people}>
        {(all) => (
          <ul className="divide-y divide-line">
            {all.map((person) => <PersonLine key={person.id} person={person} forbidden={forbidden} onInvited={(invitation) => { setInvited({ name: person.display_name, invitation }) }} onRemove={() => { setRemoving(person) }} />)}
          </ul>
        )}
      </Loaded>
      <Modal open={adding} onClose={() => { setAdding(false) }} title={t.settings.addPerson}>
        <PersonForm onCancel={() => { setAdding(false) }} onDone={(name, invitation) => { setAdding(false); say(t.settings.added(name)); setInvited({ name, invitation }) }} />
      </Modal>
      {invited && <InvitationModal {...invited} onClose={() => { setInvited(undefined) }} />}
      {removing && (
        <Confirm open onClose={() => { setRemoving(undefined) }} title={t.settings.removePerson(removing.display_name)} lead={t.settings.removePersonLead(removing.display_name)} typed={removing.name} action={t.common.remove}
          onConfirm={async () => { await removePerson(removing.id); say(t.settings.removed(removing.display_name)) }} />
      )}
    </Card>
  )
}
