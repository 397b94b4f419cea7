import type { PoolChange } from '@/api/types'
import { useWords } from '@/lib/words'
import { offerWords, type Offer } from '@/pages/storage/offers'
import type { Scene } from '@/pages/storage/scene'
import { Button } from '@/ui/Button'
import type { ButtonLook } from '@/ui/buttonClass'

/** A button that shows what a change would do. `of` tells it from the same button of another disk. */
export function OfferButton({ scene, offer, of, look, onAsk }: { scene: Scene; offer: Offer; of?: string; look?: ButtonLook; onAsk: (change: PoolChange) => void }) {
  const t = useWords()
  const words = offerWords(t, scene, offer)
  return (
    <Button {...(look === undefined ? {} : { look })} className="whitespace-normal! text-left" aria-label={of === undefined ? undefined : `${words}: ${of}`} onClick={() => { onAsk(offer.change) }}>
      {words}
    </Button>
  )
}
