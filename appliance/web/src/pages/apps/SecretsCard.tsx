import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { appSecretsQuery } from '@/api/apps'
import type { AppView } from '@/api/types'
import { Copyable } from '@/components/Copyable'
import { Loaded } from '@/components/Loaded'
import { useWords } from '@/lib/words'
import { useAppsWords } from '@/lib/words/apps'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'

/** What somebody needs to sign in to the app itself, on demand. */
export function SecretsCard({ app }: { app: AppView }) {
  const t = useWords()
  const a = useAppsWords()
  const [shown, setShown] = useState(false)
  return (
    <Card title={a.signIn} aside={<Button aria-expanded={shown} onClick={() => { setShown(!shown) }}>{shown ? t.common.hide : t.common.show}</Button>}>
      <p className="text-ink-2">{a.signInLead}</p>
      {shown && <Secrets id={app.id} />}
    </Card>
  )
}

function Secrets({ id }: { id: string }) {
  const a = useAppsWords()
  const secrets = useQuery(appSecretsQuery(id))
  return (
    <Loaded query={secrets} lines={2} isEmpty={(all) => all.secrets.length === 0} empty={<p className="text-sm text-ink-2">{a.noSecrets}</p>}>
      {({ secrets: all }) => <div className="flex flex-col gap-3">{all.map(({ label, value }) => <Copyable key={label} label={label} text={value} />)}</div>}
    </Loaded>
  )
}
