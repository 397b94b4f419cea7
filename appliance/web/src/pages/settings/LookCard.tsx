import { chooseTheme, theme } from '@/lib/theme'
import { chooseLanguage, language, languageNames, useWords } from '@/lib/words'
import { useStore } from '@/lib/store'
import { Card } from '@/ui/Card'
import { Field } from '@/ui/Field'
import { Select } from '@/ui/Select'

/** Theme and language of this browser; in force at once. */
export function LookCard() {
  const t = useWords()
  const chosen = useStore(theme)
  const tongue = useStore(language)
  return (
    <Card title={t.settings.look}>
      <p className="text-ink-2">{t.settings.lookLead}</p>
      <div className="grid max-w-xl gap-5 sm:grid-cols-2">
        <Field label={t.theme.label}>
          {(ids) => <Select {...ids} value={chosen} onChoose={chooseTheme} options={[['system', t.theme.system], ['light', t.theme.light], ['dark', t.theme.dark]] as const} />}
        </Field>
        <Field label={t.settings.uiLanguage}>
          {(ids) => <Select {...ids} value={tongue} onChoose={chooseLanguage} options={[['en', languageNames.en], ['de', languageNames.de]] as const} />}
        </Field>
      </div>
    </Card>
  )
}
