import { useState } from 'react'
import type { Patch, Sections } from '@/api/settings'
import type { PersonEntry, Right, SpaceEntry } from '@/api/types'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { MemberFields } from '@/forms/MemberFields'
import { useWords } from '@/lib/words'

/** Changes who may do what in a shared space. */
export function MembersForm({ space, people, save, onCancel }: { space: SpaceEntry; people: readonly PersonEntry[]; save: (patch: Patch<Sections['spaces']>) => Promise<void>; onCancel: () => void }) {
  const t = useWords()
  const [members, setMembers] = useState<Record<string, Right>>(space.members)
  const submit = useSubmit(async () => {
    const gone = Object.keys(space.members).filter((id) => !(id in members)).map((id) => [id, null] as const)
    await save({ [space.id]: { members: { ...Object.fromEntries(gone), ...members } } })
  })
  return (
    <form className="flex flex-col gap-4" onSubmit={submit.onSubmit}>
      <MemberFields people={people} members={members} onChange={setMembers} />
      <FormFoot submit={submit} action={t.common.save} cancel={t.common.cancel} onCancel={onCancel} />
    </form>
  )
}
