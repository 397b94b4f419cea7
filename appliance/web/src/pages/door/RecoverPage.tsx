import { useState } from 'react'
import { recover } from '@/api/session'
import { Threshold } from '@/components/Threshold'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { PassphraseField } from '@/forms/PassphraseField'
import { paths } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { BackToDoor } from '@/pages/door/BackToDoor'
import { Card } from '@/ui/Card'
import { Field } from '@/ui/Field'
import { Link } from '@/ui/Link'
import { buttonClass } from '@/ui/buttonClass'
import { inputClass, TextInput } from '@/ui/TextInput'

/** Words of a recovery kit. */
const KIT_WORDS = 24

/** Sets a new passphrase with the recovery kit. */
export function RecoverPage() {
  const t = useWords()
  const [words, setWords] = useState('')
  const [name, setName] = useState('')
  const [passphrase, setPassphrase] = useState('')
  const [done, setDone] = useState(false)
  const list = words.toLowerCase().split(/[^a-z]+/).filter((word) => word !== '')
  const submit = useSubmit(async () => {
    await recover(list.join(' '), name.trim().toLowerCase(), passphrase)
    setDone(true)
  })
  if (done) {
    return <Threshold title={t.door.recovered}><Link href={paths.home} className={buttonClass('primary')}>{t.door.signIn}</Link></Threshold>
  }
  return (
    <Threshold title={t.door.recoverTitle} lead={t.door.recoverLead}>
      <Card>
        <form className="flex flex-col gap-5" onSubmit={submit.onSubmit}>
          <Field label={t.door.words} hint={t.door.wordsHint(list.length)}>
            {(ids) => <textarea {...ids} rows={4} value={words} onChange={(event) => { setWords(event.target.value) }} className={inputClass} required autoCapitalize="none" spellCheck={false} autoComplete="off" />}
          </Field>
          <Field label={t.door.name}>{(ids) => <TextInput {...ids} value={name} onText={setName} required name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} />}</Field>
          <PassphraseField label={t.door.newPassphrase} value={passphrase} onText={setPassphrase} />
          <FormFoot submit={submit} action={t.door.recover} disabled={list.length !== KIT_WORDS || name === '' || passphrase === ''} />
        </form>
      </Card>
      <BackToDoor />
    </Threshold>
  )
}
