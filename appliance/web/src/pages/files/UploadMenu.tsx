import { Menu } from '@base-ui/react/menu'
import { useRef, type ChangeEvent } from 'react'
import { fromInput, type Found } from '@/lib/upload/collect'
import { useWords } from '@/lib/words'
import { Button } from '@/ui/Button'
import { Icon } from '@/ui/Icon'
import { buttonClass } from '@/ui/buttonClass'

const itemClass = 'flex cursor-pointer items-center gap-3 rounded-1 px-3 py-2 text-[15px] outline-none select-none data-highlighted:bg-accent-soft'

/** Chooses files or a whole folder to upload. */
export function UploadMenu({ forbidden, onFound }: { forbidden: string | undefined; onFound: (found: readonly Found[]) => void }) {
  const t = useWords()
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const take = ({ target }: ChangeEvent<HTMLInputElement>): void => {
    if (target.files) onFound(fromInput(target.files))
    // The same file may be chosen again.
    target.value = ''
  }
  if (forbidden !== undefined) return <Button look="primary" forbidden={forbidden}>{t.files.upload}</Button>
  return (
    <>
      <input ref={files} type="file" multiple hidden onChange={take} aria-label={t.files.uploadFiles} data-upload="files" />
      <input ref={folder} type="file" multiple hidden onChange={take} aria-label={t.files.uploadFolder} data-upload="folder" webkitdirectory="" />
      <Menu.Root>
        <Menu.Trigger className={buttonClass('primary')}>{t.files.upload}</Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner side="bottom" align="end" sideOffset={6} className="z-30">
            <Menu.Popup className="min-w-44 rounded-2 border border-line bg-surface p-1.5 shadow-lift">
              <Menu.Item className={itemClass} onClick={() => files.current?.click()}><Icon name="document" />{t.files.uploadFiles}</Menu.Item>
              <Menu.Item className={itemClass} onClick={() => folder.current?.click()}><Icon name="folder" />{t.files.uploadFolder}</Menu.Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
    </>
  )
}
