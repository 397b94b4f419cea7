import { settingsPath, settingsSections, type SettingsSection } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { AccountSection } from '@/pages/settings/AccountSection'
import { BoxSection } from '@/pages/settings/BoxSection'
import { DoorSection } from '@/pages/settings/DoorSection'
import { NetworkSection } from '@/pages/settings/NetworkSection'
import { NotifySection } from '@/pages/settings/NotifySection'
import { PeopleSection } from '@/pages/settings/PeopleSection'
import { SharesSection } from '@/pages/settings/SharesSection'
import { SpacesSection } from '@/pages/settings/SpacesSection'
import { Link } from '@/ui/Link'
import { PageHead } from '@/ui/PageHead'

const sections = { box: BoxSection, people: PeopleSection, spaces: SpacesSection, account: AccountSection, door: DoorSection, network: NetworkSection, shares: SharesSection, notify: NotifySection }

/** The settings, a part at a time. */
export function SettingsPage({ section }: { section: SettingsSection }) {
  const t = useWords()
  const Section = sections[section]
  return (
    <>
      <PageHead title={t.settings.title} />
      <nav aria-label={t.settings.sections} className="mb-6 -mt-2 overflow-x-auto">
        <ul className="flex gap-1 border-b border-line">
          {settingsSections.map((name) => (
            <li key={name}>
              <Link href={settingsPath(name)} aria-current={name === section ? 'page' : undefined}
                className="block border-b-2 border-transparent px-3 py-2 text-[15px] whitespace-nowrap text-ink-2 hover:text-ink aria-[current=page]:border-accent aria-[current=page]:font-semibold aria-[current=page]:text-ink">
                {t.settings[name]}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className="flex max-w-4xl flex-col gap-4"><Section /></div>
    </>
  )
}
