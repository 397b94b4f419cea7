import { useQuery } from '@tanstack/react-query'
import { sectionQuery } from '@/api/settings'
import { statusQuery } from '@/api/status'
import { Loaded } from '@/components/Loaded'
import { OwnersOnly } from '@/components/OwnersOnly'
import { useIsOwner } from '@/components/person'
import { BoxForm } from '@/forms/BoxForm'
import { useWords } from '@/lib/words'
import { LookCard } from '@/pages/settings/LookCard'
import { PowerCard } from '@/pages/settings/PowerCard'
import { Card } from '@/ui/Card'

/** What the box is called, and how the app looks in this browser. */
export function BoxSection() {
  const t = useWords()
  const owner = useIsOwner()
  const section = useQuery({ ...sectionQuery('box'), enabled: owner })
  const status = useQuery(statusQuery)
  return (
    <>
      <Card title={t.settings.box}>
        <p className="text-ink-2">{t.settings.boxLead}</p>
        {owner ? <Loaded query={section}>{(seen) => <BoxForm key={seen.etag} section={seen} />}</Loaded> : <OwnersOnly />}
      </Card>
      <LookCard />
      <PowerCard />
      {status.data?.one_user === true && <Card title={t.settings.wellKnown}><p className="text-ink-2">{t.home.oneUser}</p></Card>}
    </>
  )
}
