import { useState } from 'react'
import { notice, say, type NoticeAction } from '@/lib/notices'
import { useWords } from '@/lib/words'

/** What can be done about a sentence of the island, once. */
export function NoticeButton({ action }: { action: NoticeAction }) {
  const t = useWords()
  const [busy, setBusy] = useState(false)
  const run = async (): Promise<void> => {
    setBusy(true)
    try {
      await action.run()
      if (notice.get()?.action === action) notice.set(undefined)
    } catch {
      say(t.problems.failed, 'bad')
    }
  }
  return <button type="button" aria-busy={busy} onClick={() => { if (!busy) void run() }} className="ml-3 font-semibold underline underline-offset-4">{action.name}</button>
}
