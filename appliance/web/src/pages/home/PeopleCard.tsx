import { useQuery } from '@tanstack/react-query'
import { peopleQuery } from '@/api/people'
import { Loaded } from '@/components/Loaded'
import { settingsPath } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { Card } from '@/ui/Card'
import { Link } from '@/ui/Link'

/** Faces that fit in the card. */
const MOST = 8

/** Who lives here. */
export function PeopleCard() {
  const t = useWords()
  const people = useQuery(peopleQuery)
  return (
    <Card title={t.home.people} className="lg:col-span-5" aside={<Link href={settingsPath('people')} className="text-sm underline underline-offset-4">{t.home.invite}</Link>}>
      <Loaded query={people} lines={2}>
        {(all) => (
          <>
            <ul className="flex flex-wrap gap-x-5 gap-y-3">
              {all.slice(0, MOST).map((person) => (
                <li key={person.id} className="flex items-center gap-3">
                  <span aria-hidden="true" className="grid size-11 place-items-center rounded-full bg-accent-soft font-serif text-xl text-good">{person.display_name.slice(0, 1).toUpperCase()}</span>
                  <span>
                    <span className="block font-semibold">{person.display_name}</span>
                    <span className="block text-sm text-ink-2">{t.home[person.role]}</span>
                  </span>
                </li>
              ))}
            </ul>
            {all.length === 1 && <p className="text-sm text-ink-2">{t.home.peopleEmpty}</p>}
          </>
        )}
      </Loaded>
    </Card>
  )
}
