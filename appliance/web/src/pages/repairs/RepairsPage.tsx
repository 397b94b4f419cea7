import { useQuery } from '@tanstack/react-query'
import { warningsQuery } from '@/api/status'
import { Loaded } from '@/components/Loaded'
import { useWords } from '@/lib/words'
import { WarningCard } from '@/pages/repairs/WarningCard'
import { Nothing } from '@/ui/Nothing'
import { PageHead } from '@/ui/PageHead'

/** Every warning with what it means and what to do. */
export function RepairsPage() {
  const t = useWords()
  const warnings = useQuery(warningsQuery)
  return (
    <>
      <PageHead title={warnings.data?.length === 0 ? t.repairs.wellTitle : t.repairs.title} lead={warnings.data && warnings.data.length > 0 ? t.repairs.lead(warnings.data.length) : undefined} />
      <Loaded query={warnings} isEmpty={(all) => all.length === 0} empty={<Nothing icon="check" title={t.repairs.well} help={t.repairs.wellHelp} />}>
        {(all) => (
          <div className="flex max-w-4xl flex-col gap-4">
            {all.map((warning) => (
              <WarningCard key={`${warning.code} ${warning.subject}`} warning={warning} cause={all.find(({ code }) => code === warning.depends_on)?.title} />
            ))}
          </div>
        )}
      </Loaded>
    </>
  )
}
