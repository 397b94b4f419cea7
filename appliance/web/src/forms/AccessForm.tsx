import { useId, useState } from 'react'
import type { Section } from '@/api/settings'
import type { HostedApp, PersonEntry } from '@/api/types'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { useSave } from '@/forms/section'
import { useWords } from '@/lib/words'
import { useAppsWords } from '@/lib/words/apps'

/** Who gets to an app: the household, some of it, or everybody. Drawn anew, with `key`, when the section changes. */
export function AccessForm({ app, hosted, section, people }: { app: string; hosted: HostedApp; section: Section<'apps'>; people: readonly PersonEntry[] }) {
  const t = useWords()
  const a = useAppsWords()
  const group = useId()
  const save = useSave('apps', section)
  const [to, setTo] = useState(hosted.open_to ?? 'household')
  const [chosen, setChosen] = useState<readonly string[]>(hosted.people ?? [])
  const submit = useSubmit(() => save({ [app]: { open_to: to, people: to === 'people' ? [...chosen] : null } }))
  return (
    <form className="flex flex-col gap-4" onSubmit={submit.onSubmit}>
      <fieldset className="flex flex-col gap-1">
        <legend className="sr-only">{a.access}</legend>
        {(['household', 'people', 'public'] as const).map((one) => (
          <label key={one} className="flex min-h-9 items-center gap-2.5">
            <input type="radio" name={group} checked={to === one} onChange={() => { setTo(one) }} className="size-4 accent-accent" />{a.openTo[one]}
          </label>
        ))}
      </fieldset>
      {to === 'people' && (
        <fieldset className="flex flex-col gap-1">
          <legend className="mb-1 text-sm font-semibold">{a.who}</legend>
          {people.map(({ id, display_name: name }) => (
            <label key={id} className="flex min-h-9 items-center gap-2.5">
              <input type="checkbox" checked={chosen.includes(id)} className="size-4 accent-accent" onChange={({ target }) => { setChosen(target.checked ? [...chosen, id] : chosen.filter((other) => other !== id)) }} />{name}
            </label>
          ))}
        </fieldset>
      )}
      {to === 'public' && <p role="status" className="rounded-2 bg-warn-soft px-4 py-3 text-sm text-warn">{a.publicMeans}</p>}
      <FormFoot submit={submit} action={t.common.save} disabled={to === 'people' && chosen.length === 0} />
    </form>
  )
}
