import type { StoreQuestion } from '@/api/types'
import { useWords } from '@/lib/words'
import { useAppsWords } from '@/lib/words/apps'
import { Field } from '@/ui/Field'
import { SecretInput } from '@/ui/SecretInput'
import { Select } from '@/ui/Select'
import { TextInput } from '@/ui/TextInput'

const types: Record<string, 'text' | 'email' | 'url'> = { mail: 'email', url: 'url' }

/** One question of an app, asked as its kind asks for. */
export function QuestionField({ question, value, error, onText }: { question: StoreQuestion; value: string; error: string | undefined; onText: (text: string) => void }) {
  const t = useWords()
  const a = useAppsWords()
  const { label, hint, kind, required, choices } = question
  const options = kind === 'switch' ? [['true', a.yes], ['false', a.no]] as const : choices.map((choice) => [choice.value, choice.label === '' ? choice.value : choice.label] as const)
  const plain = { value, onText, maxLength: 1024, autoCapitalize: 'none', spellCheck: false, 'aria-required': required } as const
  return (
    <Field label={required ? label : a.optional(label)} hint={hint === '' ? undefined : hint} error={error}>
      {(ids) => options.length > 0
        ? <Select {...ids} aria-required={required} value={value} options={value === '' || !required ? [['', a.chooseOne], ...options] : options} onChoose={onText} />
        : kind === 'password'
          ? <SecretInput {...ids} {...plain} words={t.common} autoComplete="new-password" />
          : <TextInput {...ids} {...plain} type={types[kind] ?? 'text'} {...(kind === 'number' ? { inputMode: 'numeric' as const } : {})} />}
    </Field>
  )
}
