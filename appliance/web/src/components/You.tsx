import { Menu } from '@base-ui/react/menu'
import { useQueryClient } from '@tanstack/react-query'
import { signOut } from '@/api/session'
import { explain } from '@/api/problem'
import { usePerson } from '@/components/person'
import { navigate } from '@/lib/location'
import { say } from '@/lib/notices'
import { settingsPath } from '@/lib/paths'
import { toggleTheme } from '@/lib/theme'
import { useWords } from '@/lib/words'
import { Icon } from '@/ui/Icon'

const itemClass = 'flex cursor-pointer items-center gap-3 rounded-1 px-3 py-2 text-[15px] outline-none select-none data-highlighted:bg-accent-soft'

/** Who is signed in, with what concerns this browser alone. */
export function You() {
  const t = useWords()
  const client = useQueryClient()
  const { display_name: name } = usePerson()
  const leave = async (): Promise<void> => {
    try {
      await signOut(client)
    } catch (error) {
      say(explain(error).sentence, 'bad')
    }
  }
  return (
    <Menu.Root>
      <Menu.Trigger className="flex w-full items-center gap-3 rounded-1 px-2 py-1.5 text-left text-[15px] hover:bg-sunk">
        <span aria-hidden="true" className="grid size-8 place-items-center rounded-full bg-accent-soft font-serif text-base text-good">{name.slice(0, 1).toUpperCase()}</span>
        <span className="min-w-0 flex-1 truncate">{name}</span>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner side="top" align="start" sideOffset={6} className="z-30">
          <Menu.Popup className="min-w-52 rounded-2 border border-line bg-surface p-1.5 shadow-lift">
            <Menu.Item className={itemClass} onClick={() => { navigate(settingsPath('account')) }}><Icon name="settings" />{t.settings.account}</Menu.Item>
            <Menu.Item className={itemClass} onClick={toggleTheme}><Icon name="moon" />{t.theme.toggle}</Menu.Item>
            <Menu.Item className={itemClass} onClick={() => void leave()}><Icon name="leave" />{t.nav.signOut}</Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}
