import { useEffect, useRef, useState } from 'react'
import { fromDrop, type Found } from '@/lib/upload/collect'
import { useWords } from '@/lib/words'
import { Icon } from '@/ui/Icon'

/** The whole window takes files that are dropped or pasted. */
export function DropZone({ folder, onFound }: { folder: string; onFound: (found: readonly Found[]) => void }) {
  const t = useWords()
  const [over, setOver] = useState(false)
  const take = useRef(onFound)
  useEffect(() => { take.current = onFound })
  useEffect(() => {
    const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true
    const onOver = (event: DragEvent): void => {
      if (!carriesFiles(event)) return
      event.preventDefault()
      setOver(true)
    }
    const onLeave = (event: DragEvent): void => { if (event.relatedTarget === null) setOver(false) }
    const onDrop = (event: DragEvent): void => {
      setOver(false)
      if (!event.dataTransfer || !carriesFiles(event)) return
      event.preventDefault()
      void fromDrop(event.dataTransfer).then((found) => { take.current(found) })
    }
    const onPaste = (event: ClipboardEvent): void => {
      const pasted = [...event.clipboardData?.files ?? []]
      if (pasted.length > 0) take.current(pasted.map((file) => ({ file, name: file.name, below: [] })))
    }
    addEventListener('dragover', onOver)
    addEventListener('dragleave', onLeave)
    addEventListener('drop', onDrop)
    addEventListener('paste', onPaste)
    return () => {
      removeEventListener('dragover', onOver)
      removeEventListener('dragleave', onLeave)
      removeEventListener('drop', onDrop)
      removeEventListener('paste', onPaste)
    }
  }, [])
  if (!over) return null
  return (
    <div className="pointer-events-none fixed inset-0 z-40 grid place-items-center bg-veil p-6">
      <p className="big flex items-center gap-3 rounded-3 border-2 border-dashed border-accent bg-surface px-10 py-8 shadow-lift"><Icon name="up" size={28} />{t.files.drop(folder)}</p>
    </div>
  )
}
