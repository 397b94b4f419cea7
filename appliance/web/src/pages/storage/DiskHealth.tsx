import type { DiskView } from '@/api/types'
import { useLocale, useWords } from '@/lib/words'
import { told } from '@/pages/storage/health'
import type { Tone } from '@/ui/Pill'

const colors: Record<Tone, string> = { good: 'text-ink-2', plain: 'text-ink-2', warn: 'font-medium text-warn', bad: 'font-medium text-bad' }

/** How a disk is: what speaks against it, and what it measured. */
export function DiskHealth({ disk }: { disk: DiskView }) {
  const t = useWords()
  const { tone, sentences, facts } = told(t, disk, useLocale())
  return (
    <>
      {sentences.map((sentence, at) => <p key={sentence} className={`break-words ${at === 0 ? colors[tone] : 'text-ink-2'}`}>{sentence}</p>)}
      {facts.length > 0 && <p className="text-ink-3">{facts.join(' · ')}</p>}
    </>
  )
}
