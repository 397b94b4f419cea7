import { Menu } from '@base-ui/react/menu'
import type { PoolChange } from '@/api/types'
import { useWords } from '@/lib/words'
import { offerWords, type Offer } from '@/pages/storage/offers'
import type { Scene } from '@/pages/storage/scene'
import { Icon } from '@/ui/Icon'

const itemClass = 'flex cursor-pointer items-center gap-3 rounded-1 px-3 py-2 text-[15px] outline-none select-none data-highlighted:bg-accent-soft'

/** What can be done with a disk of the pool; out of the way until it is wanted. */
export function MemberMenu({ scene, offers, name, onAsk }: { scene: Scene; offers: readonly Offer[]; name: string; onAsk: (change: PoolChange) => void }) {
  const t = useWords()
  return (
    <Menu.Root>
      <Menu.Trigger aria-label={t.storage.menu(name)} className="absolute top-2 right-2 grid size-9 place-items-center rounded-1 text-ink-2 hover:bg-sunk hover:text-ink"><Icon name="more" /></Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner side="bottom" align="end" sideOffset={4} className="z-30">
          <Menu.Popup className="max-w-[calc(100vw-2rem)] min-w-44 rounded-2 border border-line bg-surface p-1.5 shadow-lift">
            {offers.map((offer) => {
              const words = offerWords(t, scene, offer)
              return <Menu.Item key={words} className={itemClass} onClick={() => { onAsk(offer.change) }}>{words}</Menu.Item>
            })}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}
