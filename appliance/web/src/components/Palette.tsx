import { Dialog } from '@base-ui/react/dialog'
import { PaletteList } from '@/components/PaletteList'
import { useWords } from '@/lib/words'

/** The command palette on Ctrl-K. */
export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useWords()
  return (
    <Dialog.Root open={open} onOpenChange={(next) => { if (!next) onClose() }}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-veil" />
        <Dialog.Popup className="fixed top-[12dvh] left-1/2 z-50 flex max-h-[70dvh] w-[min(36rem,calc(100vw-1.5rem))] -translate-x-1/2 flex-col overflow-hidden rounded-2 border border-line bg-surface shadow-lift">
          <Dialog.Title className="sr-only">{t.palette.title}</Dialog.Title>
          <PaletteList onDone={onClose} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
