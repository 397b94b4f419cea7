import type { PersonEntry, Right } from '@/api/types'
import { useWords } from '@/lib/words'
import { Field } from '@/ui/Field'
import { Select } from '@/ui/Select'

/** Who of the household may do what in a shared space. */
export function MemberFields({ people, members, onChange }: { people: readonly PersonEntry[]; members: Record<string, Right>; onChange: (members: Record<string, Right>) => void }) {
  const t = useWords()
  const rights = (['none', 'read', 'write', 'share', 'manage'] as const).map((right) => [right, t.settings.rights[right]] as const)
  return (
    <fieldset className="flex flex-col gap-3">
      <legend className="mb-2 text-sm font-semibold text-ink-2">{t.settings.members}</legend>
      {people.map(({ id, display_name: shown }) => (
        <Field key={id} label={shown}>
          {(ids) => (
            <Select {...ids} value={members[id] ?? 'none'} options={rights} onChoose={(right) => {
              const others = Object.fromEntries(Object.entries(members).filter(([member]) => member !== id))
              onChange(right === 'none' ? others : { ...others, [id]: right })
            }} />
          )}
        </Field>
      ))}
    </fieldset>
  )
}
