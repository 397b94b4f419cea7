import { useQueryClient } from '@tanstack/react-query'
import { keys } from '@/api/keys'
import { isStatus } from '@/api/problem'
import { patchSection, type Patch, type Section, type Sections } from '@/api/settings'
import { say } from '@/lib/notices'
import { words } from '@/lib/words'

/** Saves a change of a section as it was seen. When somebody else was quicker, says so and shows how it is now. */
export function useSave<Name extends keyof Sections>(name: Name, seen: Section<Name> | undefined): (patch: Patch<Sections[Name]>) => Promise<void> {
  const client = useQueryClient()
  return async (patch) => {
    if (!seen) return
    try {
      await patchSection(name, seen.etag, patch)
      say(words().common.saved)
    } catch (error) {
      if (!isStatus(error, 412)) throw error
      await client.invalidateQueries({ queryKey: keys.section(name) })
      say(words().common.changedElsewhere, 'bad')
    }
  }
}
