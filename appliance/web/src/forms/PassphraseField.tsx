import { SHORTEST, strengthOf } from '@/lib/strength'
import { useWords } from '@/lib/words'
import { Field } from '@/ui/Field'
import { SecretInput } from '@/ui/SecretInput'

const tones = { empty: '', short: '', weak: 'text-warn', fair: 'text-good', strong: 'text-good' }

/** A new passphrase with a sentence on how well it would hold. */
export function PassphraseField({ label, value, onText, error }: { label: string; value: string; onText: (text: string) => void; error?: string }) {
  const t = useWords()
  const strength = strengthOf(value)
  const sentence = strength === 'short' ? t.strength.short(SHORTEST - [...value].length) : t.strength[strength]
  return (
    <Field label={label} error={error} hint={<span aria-live="polite" className={`font-medium ${tones[strength]}`}>{sentence}</span>}>
      {(ids) => <SecretInput {...ids} value={value} onText={onText} words={t.common} name="new-password" autoComplete="new-password" required minLength={SHORTEST} />}
    </Field>
  )
}
