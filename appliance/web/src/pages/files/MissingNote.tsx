import { useState } from 'react'
import { acceptMissing } from '@/api/dav'
import { Confirm } from '@/components/Confirm'
import { ErrorNote } from '@/components/ErrorNote'
import type { Path } from '@/lib/path'
import { useWords } from '@/lib/words'
import { Button } from '@/ui/Button'

/** Much of a space is gone and nobody deleted it here: look again, or say that it is right. */
export function MissingNote({ person, folder, error, onRetry }: { person: string; folder: Path; error: unknown; onRetry: () => void }) {
  const t = useWords()
  const [asking, setAsking] = useState(false)
  return (
    <div className="flex flex-col items-start gap-3">
      <ErrorNote error={error} onRetry={onRetry} />
      <Button look="danger" onClick={() => { setAsking(true) }}>{t.files.missingRight}</Button>
      <Confirm open={asking} onClose={() => { setAsking(false) }} title={t.files.missingTitle} lead={t.files.missingLead} action={t.files.missingRight} onConfirm={async () => {
        await acceptMissing(person, folder)
        onRetry()
      }} />
    </div>
  )
}
