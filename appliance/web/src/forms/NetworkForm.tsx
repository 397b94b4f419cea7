import { useState } from 'react'
import type { Section } from '@/api/settings'
import type { Interface } from '@/api/types'
import { useSubmit } from '@/components/submit'
import { FormFoot } from '@/forms/FormFoot'
import { useSave } from '@/forms/section'
import { useWords } from '@/lib/words'
import { Field } from '@/ui/Field'
import { Select } from '@/ui/Select'
import { TextInput } from '@/ui/TextInput'

type Way = 'automatic' | 'static'

/** How the box gets its address. What the router gave is the proposal, since the right size of the network stands in it. Drawn anew, with `key`, when the section changes. */
export function NetworkForm({ section, interfaces, onMoved }: { section: Section<'network'>; interfaces: Interface[]; onMoved: (address: string | undefined) => void }) {
  const t = useWords()
  const save = useSave('network', section)
  const fixed = section.value.static
  const wired = interfaces.filter(({ kind }) => kind === 'ethernet')
  const now = wired.find(({ carrier }) => carrier) ?? wired[0]
  const [way, setWay] = useState<Way>(fixed ? 'static' : 'automatic')
  const [address, setAddress] = useState(fixed?.address ?? now?.addresses.find((one) => !one.startsWith('fe80')) ?? '')
  const [gateway, setGateway] = useState(fixed ? fixed.gateway ?? '' : now?.gateway ?? '')
  const [dns, setDns] = useState((fixed?.dns ?? now?.dns ?? []).slice(0, 3).join(' '))
  const [port, setPort] = useState(fixed?.interface ?? '')
  const submit = useSubmit(async () => {
    const filled = { address: address.trim(), gateway: gateway.trim() || null, dns: dns.split(/[\s,]+/).filter((one) => one !== ''), interface: port || null }
    await save({ static: way === 'static' ? filled : null })
    onMoved(way === 'static' ? filled.address.split('/')[0] : undefined)
  })
  const ports = [['', t.network.anyPort] as const, ...wired.map(({ name }) => [name, name] as const)]
  return (
    <form className="flex max-w-xl flex-col gap-5" onSubmit={submit.onSubmit}>
      <Field label={t.network.way} hint={way === 'automatic' ? t.network.automaticHint : t.network.staticHint}>
        {(ids) => <Select {...ids} value={way} options={[['automatic', t.network.automatic], ['static', t.network.static]]} onChoose={setWay} />}
      </Field>
      {way === 'static' && (
        <>
          <Field label={t.network.address} hint={t.network.addressHint}>
            {(ids) => <TextInput {...ids} value={address} onText={setAddress} required maxLength={49} autoCapitalize="none" spellCheck={false} placeholder="192.168.1.20/24" />}
          </Field>
          <Field label={t.network.gateway} hint={t.network.gatewayHint}>
            {(ids) => <TextInput {...ids} value={gateway} onText={setGateway} maxLength={45} autoCapitalize="none" spellCheck={false} placeholder="192.168.1.1" />}
          </Field>
          <Field label={t.network.dns} hint={t.network.dnsHint}>
            {(ids) => <TextInput {...ids} value={dns} onText={setDns} maxLength={140} autoCapitalize="none" spellCheck={false} placeholder="192.168.1.1" />}
          </Field>
          {(wired.length > 1 || port !== '') && <Field label={t.network.port}>{(ids) => <Select {...ids} value={port} options={ports} onChoose={setPort} />}</Field>}
        </>
      )}
      <p className="text-sm text-ink-2">{t.network.trialHint}</p>
      <FormFoot submit={submit} action={t.network.tryIt} disabled={way === 'automatic' && !fixed} />
    </form>
  )
}
