import { invite } from '@/api/people'
import { explain } from '@/api/problem'
import type { Invitation, PersonEntry } from '@/api/types'
import { usePerson } from '@/components/person'
import { say } from '@/lib/notices'
import { useWords } from '@/lib/words'
import { Button } from '@/ui/Button'
import { Pill } from '@/ui/Pill'

/** A person of the household. */
export function PersonLine({ person, forbidden, onInvited, onRemove }: { person: PersonEntry; forbidden: string | undefined; onInvited: (invitation: Invitation) => void; onRemove: () => void }) {
  const t = useWords()
  const self = usePerson().person === person.id
  const again = async (): Promise<void> => {
    try {
      onInvited(await invite(person.id))
    } catch (error) {
      say(explain(error).sentence, 'bad')
    }
  }
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
      <span className="min-w-0 flex-1 basis-48">
        <span className="block font-semibold break-words">{person.display_name}{self && <span className="font-normal text-ink-2"> ({t.settings.you})</span>}</span>
        <span className="block text-sm text-ink-2">{person.name}</span>
      </span>
      <Pill tone={person.role === 'owner' ? 'good' : 'plain'}>{t.settings[person.role]}</Pill>
      {!self && <Button forbidden={forbidden} aria-label={`${t.settings.inviteAgain}: ${person.display_name}`} onClick={() => void again()}>{t.settings.inviteAgain}</Button>}
      <Button forbidden={self ? t.settings.removeSelf : forbidden} aria-label={`${t.common.remove}: ${person.display_name}`} onClick={onRemove}>{t.common.remove}</Button>
    </li>
  )
}
