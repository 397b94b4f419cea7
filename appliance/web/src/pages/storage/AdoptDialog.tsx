import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { adoptDisk, adoptPlanQuery } from '@/api/disks'
import { keys } from '@/api/keys'
import { peopleQuery } from '@/api/people'
import type { DiskView } from '@/api/types'
import { ErrorNote } from '@/components/ErrorNote'
import { usePerson } from '@/components/person'
import { useSubmit } from '@/components/submit'
import { say } from '@/lib/notices'
import { bytes } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { useDiskWords } from '@/lib/words/disks'
import { Button } from '@/ui/Button'
import { Modal } from '@/ui/Modal'
import { Waiting } from '@/ui/Waiting'

/** Shows what would be read of a disk, and uses it as it is for the people that are chosen. */
export function AdoptDialog({ disk, onClose }: { disk: DiskView; onClose: () => void }) {
  const t = useWords()
  const d = useDiskWords()
  const locale = useLocale()
  const client = useQueryClient()
  const { id: own } = usePerson()
  const plan = useQuery(adoptPlanQuery(disk))
  const people = useQuery(peopleQuery)
  const [chosen, setChosen] = useState<readonly string[]>([own])
  const submit = useSubmit(async () => {
    await adoptDisk(disk, [...chosen]).finally(() => Promise.all([keys.disks, keys.onDisks([])].map((queryKey) => client.invalidateQueries({ queryKey }))))
    say(d.adopted(disk.name))
    onClose()
  })
  return (
    <Modal open onClose={onClose} title={d.adoptTitle(disk.name)} lead={d.adoptLead}>
      {plan.error !== null && !plan.isFetching ? <ErrorNote error={plan.error} onRetry={() => { void plan.refetch() }} /> : plan.data === undefined ? <Waiting label={t.common.loading} lines={4} /> : (
        <>
          <Facts title={d.readable} lines={plan.data.volumes.map(({ name, file_system: kind, size }) => `${name} (${kind}), ${bytes(size, locale)}`)} />
          {plan.data.left.length > 0 && <Facts title={d.left} lines={plan.data.left.map(({ name, file_system: kind, why }) => `${name === '' ? kind : name}: ${d.why[why]}`)} />}
          <fieldset className="flex flex-col gap-1">
            <legend className="font-semibold">{d.who}</legend>
            {people.data?.map(({ id, display_name: name }) => (
              <label key={id} className="flex min-h-9 items-center gap-2">
                <input type="checkbox" checked={chosen.includes(id)} onChange={({ target }) => { setChosen(target.checked ? [...chosen, id] : chosen.filter((one) => one !== id)) }} />
                {name}
              </label>
            ))}
          </fieldset>
        </>
      )}
      {submit.error !== undefined && <ErrorNote error={submit.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{t.common.cancel}</Button>
        <Button look="primary" busy={submit.busy} disabled={plan.data === undefined || chosen.length === 0} onClick={() => { submit.onSubmit() }}>{d.adopt}</Button>
      </div>
    </Modal>
  )
}

function Facts({ title, lines }: { title: string; lines: readonly string[] }) {
  return (
    <div>
      <p className="font-semibold">{title}</p>
      <ul className="flex list-disc flex-col pl-5 text-sm">{lines.map((line, at) => <li key={at} className="break-words">{line}</li>)}</ul>
    </div>
  )
}
