import { Dialog } from '@base-ui/react/dialog'
import type { ReactNode } from 'react'

interface ModalProps {
  open: boolean
  onClose: () => void
  title: ReactNode
  lead?: ReactNode
  children: ReactNode
}

/** A dialog over the page: it holds the focus, Escape closes it, and the focus goes back to where it was. */
export function Modal({ open, onClose, title, lead, children }: ModalProps) {
  return (
    <Dialog.Root open={open} onOpenChange={(next) => { if (!next) onClose() }}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-veil transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Dialog.Viewport className="fixed inset-0 z-50 grid place-items-end sm:place-items-center">
          <Dialog.Popup className="flex max-h-[92dvh] w-full flex-col gap-4 overflow-y-auto rounded-t-3 border border-line bg-surface p-6 shadow-lift transition-[opacity,transform] data-ending-style:translate-y-2 data-ending-style:opacity-0 data-starting-style:translate-y-2 data-starting-style:opacity-0 sm:w-[min(30rem,calc(100vw-2rem))] sm:rounded-3">
            <Dialog.Title className="big break-words">{title}</Dialog.Title>
            {lead !== undefined && <Dialog.Description className="-mt-2 text-ink-2">{lead}</Dialog.Description>}
            {children}
          </Dialog.Popup>
        </Dialog.Viewport>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
