import { useState } from 'react'
import { beginInstall, installOffer } from '@/api/install'
import type { Disk, Installation, InstallOffer } from '@/api/types'
import { Threshold } from '@/components/Threshold'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { useWords } from '@/lib/words'
import { DiskCard } from '@/pages/claim/DiskCard'
import { EraseStep } from '@/pages/claim/EraseStep'
import { InstallStep } from '@/pages/claim/InstallStep'
import { Steps } from '@/pages/claim/Steps'

/** Asks where the box shall live, while it runs from a stick: there, or on a disk of this machine. */
export function PlaceStep({ ticket, offer: first, onStay }: { ticket: string; offer: InstallOffer; onStay: () => void }) {
  const t = useWords()
  const [offer, setOffer] = useState(first)
  const [chosen, setChosen] = useState<string>()
  const [erasing, setErasing] = useState<Disk>()
  const [installation, setInstallation] = useState<Installation>(first.installation)
  const stick = offer.disks.find((disk) => disk.runs_from)
  const disk = offer.disks.find(({ id }) => id === chosen)
  const begin = async (target: Disk, label?: string): Promise<void> => {
    setInstallation(await beginInstall(ticket, target, label))
    setErasing(undefined)
  }
  const submit = useSubmit(async () => {
    if (disk === undefined || disk.runs_from) onStay()
    else if (disk.label != null) setErasing(disk)
    else await begin(disk)
  })
  const again = async (): Promise<void> => {
    setOffer(await installOffer(ticket))
    setErasing(undefined)
    setChosen(undefined)
    setInstallation({ is: 'none' })
  }
  if (installation.is !== 'none') return <InstallStep ticket={ticket} disks={offer.disks} begun={installation} onAgain={again} />
  if (erasing !== undefined) return <EraseStep disk={erasing} onErase={(label) => begin(erasing, label)} onBack={again} />
  return (
    <Threshold above={<Steps at={1} />} title={t.place.title} lead={t.place.lead}>
      <form className="flex flex-col gap-5" onSubmit={submit.onSubmit}>
        <fieldset className="flex flex-col gap-3">
          <legend className="sr-only">{t.place.choose}</legend>
          {offer.disks.filter((one) => !one.runs_from).map((one) => <DiskCard key={one.id} disk={one} chosen={one.id === chosen} onChoose={() => { setChosen(one.id) }} />)}
          {stick && <DiskCard disk={stick} name={t.place.stay(stick.name)} chosen={stick.id === chosen} onChoose={() => { setChosen(stick.id) }} />}
        </fieldset>
        <FormFoot submit={submit} action={disk === undefined || disk.runs_from || disk.label != null ? t.place.next : t.place.install} disabled={disk === undefined} />
      </form>
    </Threshold>
  )
}
