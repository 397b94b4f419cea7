import { useState, type SyntheticEvent } from 'react'

/** The state of a form that is sent to the box. */
export interface Submit {
  busy: boolean
  /** What went wrong the last time. */
  error: unknown
  onSubmit: (event?: SyntheticEvent) => void
  forget: () => void
}

/** Sends a form once at a time and keeps what went wrong for the person to see. */
export function useSubmit(send: () => Promise<unknown>): Submit {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const run = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      await send()
    } catch (caught) {
      setError(caught)
    } finally {
      setBusy(false)
    }
  }
  return {
    busy,
    error,
    onSubmit: (event) => {
      event?.preventDefault()
      if (!busy) void run()
    },
    forget: () => { setError(undefined) },
  }
}
