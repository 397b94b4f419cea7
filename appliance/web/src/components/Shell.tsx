import { useEffect, useRef, useState, type ReactNode } from 'react'
import { Banner } from '@/components/Banner'
import { Island } from '@/components/Island'
import { Palette } from '@/components/Palette'
import { Rail } from '@/components/Rail'
import { TrialBanner } from '@/components/TrialBanner'
import { useWords } from '@/lib/words'
import { Icon } from '@/ui/Icon'

/** Everything around a page. */
export function Shell({ page, place, children }: { page: string; place: string; children: ReactNode }) {
  const t = useWords()
  const [finding, setFinding] = useState(false)
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== 'k') return
      event.preventDefault()
      setFinding(true)
    }
    addEventListener('keydown', listen)
    return () => { removeEventListener('keydown', listen) }
  }, [])
  useEffect(() => {
    // A new place is read out from its top; the first one keeps the focus where the browser put it.
    if (!first.current) main.current?.focus({ preventScroll: true })
    first.current = false
  }, [place])
  return (
    <>
      <a href="#main" className="fixed top-2 left-2 z-50 -translate-y-20 rounded-1 bg-accent px-4 py-2 font-semibold text-accent-ink focus:translate-y-0" onClick={(event) => { event.preventDefault(); main.current?.focus() }}>{t.common.skip}</a>
      <Rail page={page} onFind={() => { setFinding(true) }} />
      <div className="pb-36 md:pb-28 md:pl-54">
        <Banner />
        <TrialBanner />
        <main ref={main} id="main" tabIndex={-1} className="mx-auto w-full max-w-[1240px] px-4 pt-6 outline-none sm:px-9 sm:pt-9">
          <button type="button" onClick={() => { setFinding(true) }} aria-label={t.nav.find} className="no-print float-right ml-3 grid size-10 place-items-center rounded-full border border-line bg-surface text-ink-2 md:hidden"><Icon name="find" /></button>
          {children}
        </main>
      </div>
      <Island />
      <Palette open={finding} onClose={() => { setFinding(false) }} />
    </>
  )
}
