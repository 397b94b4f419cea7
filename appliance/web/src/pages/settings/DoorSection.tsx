import { useQuery } from '@tanstack/react-query'
import { sectionQuery } from '@/api/settings'
import { Loaded } from '@/components/Loaded'
import { OwnersOnly } from '@/components/OwnersOnly'
import { useIsOwner } from '@/components/person'
import { DoorForm } from '@/forms/DoorForm'
import { useWords } from '@/lib/words'
import { Card } from '@/ui/Card'

/** How the box is reached. */
export function DoorSection() {
  const t = useWords()
  const owner = useIsOwner()
  const section = useQuery({ ...sectionQuery('door'), enabled: owner })
  return (
    <Card title={t.settings.door}>
      <p className="text-ink-2">{t.settings.doorLead}</p>
      {owner ? <Loaded query={section}>{(seen) => <DoorForm key={seen.etag} section={seen} />}</Loaded> : <OwnersOnly />}
    </Card>
  )
}
