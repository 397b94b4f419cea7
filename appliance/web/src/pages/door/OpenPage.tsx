import { useEffect, useState } from 'react'
import { Threshold } from '@/components/Threshold'
import { forgetLoads, mayLoadAnew } from '@/lib/opening'
import { paths } from '@/lib/paths'
import { useWords } from '@/lib/words'
import { useAppsWords } from '@/lib/words/apps'
import { Button } from '@/ui/Button'
import { Link } from '@/ui/Link'
import { buttonClass } from '@/ui/buttonClass'

/** Stands at the address by which an app is opened, once somebody has signed in there: the same address, asked anew, leads on to the app. */
export function OpenPage() {
  const t = useWords()
  const a = useAppsWords()
  const [stuck, setStuck] = useState(false)
  const load = (): void => {
    const address = location.pathname + location.search
    if (mayLoadAnew(address, Date.now())) location.replace(address)
    else setStuck(true)
  }
  useEffect(load, [])
  if (!stuck) return <Threshold title={t.common.loading}>{null}</Threshold>
  return (
    <Threshold title={a.stuck} lead={a.stuckLead}>
      <div className="flex flex-wrap gap-2">
        <Button look="primary" onClick={() => { forgetLoads(); load() }}>{t.common.retry}</Button>
        <Link href={paths.apps} className={buttonClass()}>{a.toAll}</Link>
      </div>
    </Threshold>
  )
}
