import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { keys } from '@/api/keys'
import { isStatus } from '@/api/problem'
import { bringBack, keepNow, type Past } from '@/api/times'
import { ErrorNote } from '@/components/ErrorNote'
import { useSubmit } from '@/components/submit'
import { say } from '@/lib/notices'
import type { Done, Time } from '@/lib/times'
import { moment } from '@/lib/units'
import { useLocale, useWords } from '@/lib/words'
import { useTimesWords } from '@/lib/words/times'
import { Button } from '@/ui/Button'
import { Meter } from '@/ui/Meter'
import { Modal } from '@/ui/Modal'

interface BringBackDialogProps {
  person: string
  past: Past
  chosen: Time
  name: string
  kind: 'file' | 'folder' | 'space'
  /** The number of anything in the space; `undefined` until it is known. */
  id: number | undefined
  onClose: () => void
}

/** Says what would change, and then does it, with the way shown. */
export function BringBackDialog({ person, past, chosen, name, kind, id, onClose }: BringBackDialogProps) {
  const t = useWords()
  const w = useTimesWords()
  const locale = useLocale()
  const client = useQueryClient()
  const [would, setWould] = useState<Done>()
  const [failed, setFailed] = useState<unknown>()
  const [looked, setLooked] = useState(0)
  const [discard, setDiscard] = useState(false)
  // Why the state before could not be kept.
  const [unkept, setUnkept] = useState<unknown>()
  const ended = useRef(new AbortController())
  const closed = useRef(onClose)
  const key = JSON.stringify(past)
  useEffect(() => {
    const controller = new AbortController()
    ended.current = controller
    bringBack(person, JSON.parse(key) as Past, { do: 'compare', discard_newer: false }, controller.signal, setLooked)
      .then(setWould, (error: unknown) => {
        if (controller.signal.aborted) return
        setFailed(error)
        // Perhaps the time is gone.
        if (isStatus(error, 404) || isStatus(error, 410)) void client.invalidateQueries({ queryKey: keys.times([]) })
      })
    return () => { controller.abort() }
  }, [client, person, key])
  const submit = useSubmit(async () => {
    const { signal } = ended.current
    setLooked(0)
    let kept = true
    // So that it can be taken back as a whole; of one file its versions are enough. Whoever was told that it cannot be kept, and goes on, has decided.
    if (kind !== 'file' && id !== undefined && unkept === undefined) {
      try {
        kept = await keepNow(id)
      } catch (error) {
        if (!signal.aborted) setUnkept(error)
        return
      }
    }
    try {
      const done = await bringBack(person, past, { do: 'bring-back', discard_newer: discard }, signal, setLooked)
      say([done.left > 0 ? `${w.partly(name)} ${w.left(done.left, done.one_left ?? '')}` : w.done(name), kept ? '' : w.notKept].filter(Boolean).join(' '), done.left > 0 ? 'bad' : 'plain')
      closed.current()
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      await Promise.all([keys.folders, keys.timeses, keys.trash].map((queryKey) => client.invalidateQueries({ queryKey })))
    }
  })
  const nothing = would !== undefined && would.returned + would.folders + would.changed + would.moved + would.replaced === 0 && !(discard && would.newer > 0)
  return (
    <Modal open onClose={onClose} title={w.backTitle(kind, name)} lead={w.backLead(moment(chosen.at, locale))}>
      <div role="status" className="flex flex-col gap-2">
        {submit.busy
          ? (
            <>
              <Meter value={looked} max={would?.looked ?? 0} label={w.working} />
              <p className="text-sm text-ink-2">{w.working} {w.stopHelp}</p>
            </>
          )
          : would
            ? <p>{w.would(would, discard)}</p>
            : failed === undefined && <p className="tabular text-ink-2">{w.comparing(looked)}</p>}
        {would && would.left > 0 && !submit.busy && <p className="text-sm text-ink-2">{w.left(would.left, would.one_left ?? '')}</p>}
      </div>
      {would && would.newer > 0 && !submit.busy && (
        <label className="flex items-start gap-2.5">
          <input type="checkbox" checked={discard} onChange={(event) => { setDiscard(event.target.checked) }} className="mt-1 size-4 accent-accent" />
          <span>{w.discard}{would.newer > would.most_discarded && ` ${w.discardMost(would.most_discarded)}`}</span>
        </label>
      )}
      {failed !== undefined && <ErrorNote error={failed} />}
      {unkept !== undefined && !submit.busy && (
        <div className="flex flex-col gap-2">
          <ErrorNote error={unkept} />
          <p>{w.unkept}</p>
        </div>
      )}
      {submit.error !== undefined && <ErrorNote error={submit.error} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>{submit.busy ? w.stop : t.common.cancel}</Button>
        <Button look="primary" busy={submit.busy} disabled={would === undefined || nothing || (kind !== 'file' && id === undefined)} onClick={() => { submit.onSubmit() }}>{unkept === undefined ? w.back : w.backUnkept}</Button>
      </div>
    </Modal>
  )
}
