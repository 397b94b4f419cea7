import { useQuery, useQueryClient } from '@tanstack/react-query'
import { endSession, sessionsQuery } from '@/api/account'
import { keys } from '@/api/keys'
import { explain } from '@/api/problem'
import { signOut } from '@/api/session'
import { Loaded } from '@/components/Loaded'
import { agentName } from '@/lib/agent'
import { say } from '@/lib/notices'
import { useLocale, useWords } from '@/lib/words'
import { ago } from '@/lib/units'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Pill } from '@/ui/Pill'

/** Where one is signed in. */
export function SessionsCard() {
  const t = useWords()
  const locale = useLocale()
  const client = useQueryClient()
  const sessions = useQuery(sessionsQuery)
  const end = async (id: string): Promise<void> => {
    try {
      await endSession(id)
      await client.invalidateQueries({ queryKey: keys.sessions })
      say(t.settings.ended)
    } catch (error) {
      say(explain(error).sentence, 'bad')
    }
  }
  const leave = async (): Promise<void> => {
    try {
      await signOut(client)
    } catch (error) {
      say(explain(error).sentence, 'bad')
    }
  }
  return (
    <Card title={t.settings.sessions}>
      <Loaded query={sessions} lines={2}>
        {(all) => (
          <ul className="-my-1 divide-y divide-line">
            {all.map((session) => (
              <li key={session.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
                <span className="min-w-0 flex-1 basis-48">
                  <span className="block break-words">{agentName(session.agent)}</span>
                  <span className="block text-sm text-ink-2">{session.address} · {t.settings.lastSeen(ago(new Date(session.last_used), locale))}</span>
                </span>
                {session.current && <Pill>{t.settings.current}</Pill>}
                <Button aria-label={`${t.settings.endSession}: ${agentName(session.agent)}`} onClick={() => void (session.current ? leave() : end(session.id))}>{t.settings.endSession}</Button>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Card>
  )
}
