import { usePerson } from '@/components/person'
import { PassphraseForm } from '@/forms/PassphraseForm'
import { useWords } from '@/lib/words'
import { AppPasswordsCard } from '@/pages/settings/AppPasswordsCard'
import { SessionsCard } from '@/pages/settings/SessionsCard'
import { Card } from '@/ui/Card'

/** One's own browsers, app passwords and passphrase. */
export function AccountSection() {
  const t = useWords()
  const { name } = usePerson()
  return (
    <>
      <p className="text-ink-2">{t.settings.accountLead}</p>
      <SessionsCard />
      <AppPasswordsCard />
      <Card title={t.settings.passphrase}><PassphraseForm name={name} /></Card>
    </>
  )
}
