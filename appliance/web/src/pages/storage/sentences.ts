/** The sentences of the page of storage. Pure. */
import type { Member, Pool, PoolChange, PoolEnded, PoolStep, PoolView, Protection } from '@/api/types'
import type { Words } from '@/lib/words'
import { copies, errorsOf, memberName, missing, nameOf, type Scene } from '@/pages/storage/scene'

export interface Head { title: string; lead: string }

/** How the data lies, and what that means. */
export function headOf(t: Words, view: PoolView): Head {
  const { storage } = t
  if (view.is === 'absent') return { title: storage.absentTitle, lead: storage.absent[view.reason] }
  const leads = t.storage.leads
  const doubtful = view.members.filter(({ state }) => state === 'doubtful')
  switch (view.state) {
    case 'protected': return { title: view.protection === 'triple' ? storage.triple : storage.mirror, lead: leads.safe }
    case 'unprotected': return { title: storage.once(view.members.length), lead: view.members.length === 1 ? leads.one : leads.several }
    case 'doubtful': return whileDoubtful(t, doubtful)
    case 'disk-missing': return whileMissing(t, view, doubtful.length > 0)
    case 'read-only': return { title: storage.readOnly, lead: leads.readOnly }
  }
}

function whileDoubtful({ storage }: Words, members: readonly Member[]): Head {
  const failing = members.filter((member) => errorsOf(member) > 0).length
  if (failing > 0) return { title: storage.doubtful(failing), lead: storage.leads.doubtful }
  return members.length > 0 ? { title: storage.back(members.length), lead: storage.leads.back } : { title: storage.lacking, lead: storage.leads.lacking }
}

function whileMissing(t: Words, pool: Pool, doubted: boolean): Head {
  const { storage } = t
  const away = missing(pool).length
  const left = copies[pool.protection] - away
  if (left <= 0) return { title: storage.gone(away, storage.still.lost), lead: storage.leads.bringBack }
  if (doubted) return { title: storage.gone(away, storage.still.doubted), lead: storage.leads.noMore }
  // With as many disks as copies, each disk has everything.
  const all = pool.members.length === copies[pool.protection]
  if (left === 1) return { title: storage.gone(away, all ? storage.still.once : storage.still.partOnce), lead: storage.leads.noMore }
  return { title: storage.gone(away, all ? storage.still.twice : storage.still.partTwice), lead: storage.leads.oneMore }
}

/** A change as a question. */
export const ask = (t: Words, scene: Scene, change: PoolChange): string => told(t, t.storage.asks, scene, change)

/** A change as what is being done, or was. */
export const deed = (t: Words, scene: Scene, change: PoolChange): string => told(t, t.storage.deeds, scene, change)

function told(t: Words, forms: Words['storage']['asks'], scene: Scene, change: PoolChange): string {
  switch (change.do) {
    case 'grow': {
      const form = change.protection === 'mirror' ? forms.twice : change.protection === 'triple' ? forms.thrice : forms.grow
      return form(nameOf(t, scene, change.disk.id))
    }
    case 'protect': return forms[change.protection]
    case 'replace': return forms.replace(memberName(t, scene, change.member, 'inside', change.disk.id), nameOf(t, scene, change.disk.id))
    case 'remove': return forms.remove(memberName(t, scene, change.member, 'inside'))
    case 'scrub': return forms.scrub
  }
}

/** How a change ended; `when` is `yesterday`. */
export const endWords = (t: Words, scene: Scene, { change, how }: PoolEnded, when: string): string => t.storage.ended[how.is](deed(t, scene, change), when)

/** What a step of a change does; `before` is how safe files lay before it. */
export function stepWords(t: Words, step: PoolStep, change: PoolChange, before: Protection): string {
  const steps = t.storage.steps
  if (step !== 'spread') return steps[step]
  const after = change.do === 'protect' ? change.protection : change.do === 'grow' ? change.protection ?? before : before
  if (copies[after] < copies[before]) return steps.fewer
  return copies[after] > copies[before] || change.do === 'replace' || change.do === 'protect' ? steps.more : steps.level
}

const ORDER: Record<PoolChange['do'], readonly PoolStep[]> = {
  grow: ['join', 'spread'], protect: ['spread'], replace: ['rebuild', 'spread', 'compare'], remove: ['leave'], scrub: ['compare'],
}

/** The steps of a change that is under way, with the one that it is at. */
export function stepsOf(change: PoolChange, at: PoolStep): readonly PoolStep[] {
  const steps = ORDER[change.do]
  return steps.includes(at) ? steps : [at, ...steps]
}
