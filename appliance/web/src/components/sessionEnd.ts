import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { signedOut } from '@/api/http'
import { keys } from '@/api/keys'
import { useStore } from '@/lib/store'

/** A refused request means that the session may have ended: ask, and the door appears at this same address. */
export function useSessionEnd(): void {
  const client = useQueryClient()
  const refusals = useStore(signedOut)
  useEffect(() => { if (refusals > 0) void client.invalidateQueries({ queryKey: keys.session }) }, [refusals, client])
}
