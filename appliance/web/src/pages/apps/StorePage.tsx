import { useQuery } from '@tanstack/react-query'
import { catalogsQuery, STORE_PAGE, storeQuery } from '@/api/apps'
import { Copyable } from '@/components/Copyable'
import { Loaded } from '@/components/Loaded'
import { paths } from '@/lib/paths'
import { useSettled } from '@/lib/settled'
import { useStore } from '@/lib/store'
import { useAppsWords } from '@/lib/words/apps'
import { asked, type Asked } from '@/pages/apps/asked'
import { Back } from '@/pages/apps/Back'
import { CatalogsCard } from '@/pages/apps/CatalogsCard'
import { OfferLine } from '@/pages/apps/OfferLine'
import { span } from '@/pages/apps/sentences'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Field } from '@/ui/Field'
import { Nothing } from '@/ui/Nothing'
import { PageHead } from '@/ui/PageHead'
import { Select } from '@/ui/Select'
import { TextInput } from '@/ui/TextInput'

/** How long nobody types before the box is asked, in milliseconds. */
const SETTLED_MS = 250

/** The apps of all catalogues that were handed to the box. */
export function StorePage() {
  const a = useAppsWords()
  const catalogs = useQuery(catalogsQuery)
  return (
    <>
      <PageHead above={<Back href={paths.apps} words={a.title} />} title={a.store} lead={a.storeLead} />
      <Loaded query={catalogs} lines={6} isEmpty={({ catalogs: all }) => all.length === 0} empty={<NoCatalog />}>
        {({ catalogs: all }) => (
          <div className="flex max-w-5xl flex-col gap-4">
            <Offers />
            <CatalogsCard catalogs={all} />
          </div>
        )}
      </Loaded>
    </>
  )
}

function NoCatalog() {
  const a = useAppsWords()
  return (
    <>
      <Nothing icon="apps" title={a.noCatalog} help={a.noCatalogHelp} />
      <div className="mx-auto w-full max-w-xl"><Copyable label={a.addByCommand} text={a.addCommand} /></div>
    </>
  )
}

function Offers() {
  const a = useAppsWords()
  const now = useStore(asked)
  const { category, from } = now
  const search = useSettled(now.search.trim(), SETTLED_MS)
  const page = useQuery({ ...storeQuery(search, category, from), placeholderData: (before) => before })
  const ask = (change: Partial<Asked>): void => { asked.set({ ...now, from: 0, ...change }) }
  const turn = (to: number): void => {
    ask({ from: to })
    scrollTo(0, 0)
  }
  const categories = Object.entries(page.data?.categories ?? {}).map(([name, n]) => [name, a.category(name, n)] as const)
  return (
    <Card>
      <div className="grid gap-3 sm:grid-cols-[1fr_16rem]">
        <Field label={a.search}>{(ids) => <TextInput {...ids} type="search" value={now.search} onText={(text) => { ask({ search: text }) }} maxLength={100} autoCapitalize="none" spellCheck={false} />}</Field>
        <Field label={a.categories}>{(ids) => <Select {...ids} value={category} options={[['', a.all], ...categories]} onChoose={(one) => { ask({ category: one }) }} />}</Field>
      </div>
      <Loaded query={page} lines={8} isEmpty={({ apps }) => apps.length === 0} empty={<Nothing icon="find" title={a.noOffer} help={a.noOfferHelp}><Button onClick={() => { ask({ search: '', category: '' }) }}>{a.showAll}</Button></Nothing>}>
        {({ apps, total }) => (
          <>
            <p role="status" className="tabular text-sm text-ink-2">{span(a, from, apps.length, total)}</p>
            <ul aria-label={a.store} className="-my-1 divide-y divide-line">
              {apps.map((offer) => <OfferLine key={`${offer.catalog}/${offer.id}`} offer={offer} />)}
            </ul>
            {total > STORE_PAGE && (
              <nav aria-label={a.pages} className="flex justify-between gap-2">
                <Button disabled={from === 0} onClick={() => { turn(Math.max(0, from - STORE_PAGE)) }}>{a.before}</Button>
                <Button disabled={from + STORE_PAGE >= total} onClick={() => { turn(from + STORE_PAGE) }}>{a.after}</Button>
              </nav>
            )}
          </>
        )}
      </Loaded>
    </Card>
  )
}
