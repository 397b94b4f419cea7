import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { installApp } from '@/api/apps'
import { keys } from '@/api/keys'
import { ApiError, isCode } from '@/api/problem'
import type { InstallPlan, StoreEntry } from '@/api/types'
import { useSubmit } from '@/components/submit'
import { beginning, flawOf, sent, type Answers } from '@/forms/answers'
import { FormFoot } from '@/forms/FormFoot'
import { QuestionField } from '@/forms/QuestionField'
import { navigate } from '@/lib/location'
import { appPath } from '@/lib/paths'
import { useAppsWords } from '@/lib/words/apps'

/** Installs an app once each of its permissions was granted and its questions are answered; how far it is stands on the app's own page. */
export function InstallForm({ entry, plan, away }: { entry: StoreEntry; plan: InstallPlan; away: string | undefined }) {
  const a = useAppsWords()
  const client = useQueryClient()
  const { questions, spec, app } = entry
  const [granted, setGranted] = useState<ReadonlySet<number>>(new Set())
  const [answers, setAnswers] = useState<Answers>(() => beginning(questions))
  const [tried, setTried] = useState(false)
  const flaws = questions.map((question) => flawOf(question, answers))
  const missing = plan.permissions.length - granted.size
  const submit = useSubmit(async () => {
    setTried(true)
    if (flaws.some((flaw) => flaw !== undefined)) return
    await installApp({ spec, values: sent(questions, answers), granted: plan.permissions.map(({ word }) => word), source: app.catalog })
    await Promise.all([keys.apps, keys.store].map((queryKey) => client.invalidateQueries({ queryKey })))
    navigate(appPath(plan.app))
    scrollTo(0, 0)
  })
  // What the box says of one answer stands beside it.
  const blamed = isCode(submit.error, 'app-value-refused') && submit.error instanceof ApiError ? submit.error.problem : undefined
  const shown = blamed !== undefined && questions.some(({ key }) => key === blamed.key) ? undefined : submit.error
  const grant = (at: number, yes: boolean): void => {
    const next = new Set(granted)
    if (yes) next.add(at)
    else next.delete(at)
    setGranted(next)
  }
  return (
    <form className="flex flex-col gap-5" noValidate onSubmit={submit.onSubmit}>
      {plan.permissions.length === 0 ? <p>{a.asksNothing}</p> : (
        <fieldset className="flex flex-col gap-2">
          <legend className="mb-1 font-semibold">{a.consent}</legend>
          {plan.permissions.map(({ word, means }, at) => (
            <label key={`${word} ${String(at)}`} className="flex min-h-9 items-start gap-2.5">
              <input type="checkbox" checked={granted.has(at)} onChange={({ target }) => { grant(at, target.checked) }} className="mt-1 size-4 shrink-0 accent-accent" />
              <span className="min-w-0 break-words">{means}</span>
            </label>
          ))}
          <p className="text-sm text-ink-2">{a.consentHelp}</p>
        </fieldset>
      )}
      {questions.map((question, at) => {
        const flaw = tried ? flaws[at] : undefined
        return (
          <QuestionField key={question.key} question={question} value={answers[question.key] ?? ''} onText={(text) => { setAnswers({ ...answers, [question.key]: text }) }}
            error={flaw === undefined ? blamed?.key === question.key ? blamed.detail : undefined : a.flaws[flaw]} />
        )
      })}
      <p className="text-sm text-ink-2">{a.wayOutLater}</p>
      <FormFoot submit={{ ...submit, error: shown }} action={a.doInstall} forbidden={away ?? (missing > 0 ? a.grantFirst : undefined)} />
    </form>
  )
}
