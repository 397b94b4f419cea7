import { useEffect } from 'react'
import { reachable } from '@/api/reach'
import { Loaded } from '@/components/Loaded'
import { Threshold } from '@/components/Threshold'
import { useStore } from '@/lib/store'
import { useWords } from '@/lib/words'

/** While the box has not said who it is. Blank for a moment, then a calm word; it goes on by itself when the box answers. */
export function AskAgain({ query }: { query: { data: unknown; error: unknown; isPending: boolean; refetch: () => unknown } }) {
  const t = useWords()
  const there = useStore(reachable)
  const { error, refetch } = query
  useEffect(() => { if (there && error !== null) refetch() }, [there, error, refetch])
  if (query.error === null && there) return null
  return <Threshold title={t.common.loading} lead={there ? undefined : t.reach.lost}>{there && <Loaded query={query}>{() => null}</Loaded>}</Threshold>
}
