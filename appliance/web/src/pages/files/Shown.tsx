import { useQuery } from '@tanstack/react-query'
import { useState, type SyntheticEvent } from 'react'
import { davUrl, previewUrl, SCREEN, textQuery } from '@/api/dav'
import { Loaded } from '@/components/Loaded'
import { fileKind, isDrawn, showing } from '@/lib/entries'
import type { Entry } from '@/lib/propfind'
import { useWords } from '@/lib/words'
import { Nothing } from '@/ui/Nothing'

/** A picture up to this size is shown as it is, where browsers draw it; of others the box makes one for a screen. */
const WHOLE_BYTES = 2_000_000

/** One file as the browser can show it. Nothing in it runs: pictures, films and sounds are drawn, texts are text. */
export function Shown({ person, entry }: { person: string; entry: Entry }) {
  const t = useWords()
  const [failures, setFailures] = useState(0)
  const kind = showing(entry)
  // Tried one after the other.
  const source = (kind === 'image' ? pictures(person, entry) : [davUrl(person, entry.path)])[failures]
  const onError = (): void => { setFailures((before) => before + 1) }
  // Of a film whose pictures it cannot read, a browser plays the sound.
  const onMetadata = (event: SyntheticEvent<HTMLVideoElement>): void => { if (event.currentTarget.videoWidth === 0) onError() }
  const fill = 'max-h-full max-w-full place-self-center object-contain'
  if (kind === 'text') return <Text person={person} entry={entry} />
  if (kind === 'image' && source !== undefined) {
    return <div className="grid size-full min-h-0 place-items-center"><img key={source} src={source} alt={entry.name} onError={onError} className={fill} /></div>
  }
  if ((kind === 'video' || kind === 'audio') && source !== undefined) {
    return (
      <div className="grid size-full min-h-0 place-items-center">
        {/* Films of a household have no captions to offer. */}
        {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
        {kind === 'video' ? <video src={source} poster={entry.previewed ? previewUrl(person, entry, SCREEN) : undefined} controls autoPlay onError={onError} onLoadedMetadata={onMetadata} className={fill} /> : <audio src={source} controls autoPlay onError={onError} aria-label={entry.name} />}
      </div>
    )
  }
  return <Nothing icon={fileKind(entry)} title={t.files.notShown} help={t.files.notShownHelp} />
}

/** Where a picture may come from: the small one first where the file is large or no browser draws it. */
function pictures(person: string, entry: Entry): string[] {
  const drawn = isDrawn(entry.name)
  const small = entry.previewed && (!drawn || (entry.size ?? Infinity) > WHOLE_BYTES)
  return [...small ? [previewUrl(person, entry, SCREEN)] : [], ...drawn ? [davUrl(person, entry.path)] : []]
}

function Text({ person, entry }: { person: string; entry: Entry }) {
  const text = useQuery(textQuery(person, entry))
  return (
    <div className="size-full min-h-0 overflow-auto">
      <Loaded query={text} lines={12}>
        {(words) => (
          // Long lines and long texts are scrolled by the keyboard, too.
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          <pre tabIndex={0} className="min-h-full rounded-2 bg-sunk p-4 text-sm break-words whitespace-pre-wrap">{words}</pre>
        )}
      </Loaded>
    </div>
  )
}
