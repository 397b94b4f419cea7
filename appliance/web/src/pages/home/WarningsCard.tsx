import { useQuery } from '@tanstack/react-query'
import { warningsQuery } from '@/api/status'
import { Loaded } from '@/components/Loaded'
import { tones } from '@/components/severity'
import { paths } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { Card } from '@/ui/Card'
import { Link } from '@/ui/Link'
import { Pill } from '@/ui/Pill'

/** What needs somebody. */
export function WarningsCard() {
  const t = useWords()
  const warnings = useQuery(warningsQuery)
  return (
    <Card title={t.home.warnings} className="lg:col-span-12" aside={<Link href={paths.repairs} className="text-sm underline underline-offset-4">{t.home.allRepairs}</Link>}>
      <Loaded query={warnings} lines={2}>
        {(all) => (
          <ul className="flex flex-col gap-3">
            {all.slice(0, 4).map((warning) => (
              <li key={`${warning.code} ${warning.subject}`} className="flex flex-wrap items-start justify-between gap-x-4 gap-y-1">
                <span className="min-w-0 flex-1 basis-60">
                  <span className="block font-semibold">{warning.title}</span>
                  <span className="block text-sm text-ink-2">{warning.meaning}</span>
                </span>
                <Pill tone={tones[warning.severity]}>{t.repairs.severity[warning.severity]}</Pill>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Card>
  )
}
