// The page of port 80: shows the fingerprint in groups, opens the steps of this device, and tells when the certificate works.

/** How often the encrypted side is tried, in milliseconds. */
const TRY_MS = 3000

const encrypted = document.body.dataset['origin'] ?? ''

function groupFingerprint(): void {
  const element = document.getElementById('fingerprint')
  const digits = element?.textContent?.replace(/[^0-9a-f]/gi, '').toUpperCase() ?? ''
  if (!element || digits.length === 0) return
  // In pairs with colons, as the console writes it, four pairs to a group.
  element.replaceChildren(...(digits.match(/.{1,8}/g) ?? []).map((group) => {
    const span = document.createElement('span')
    span.textContent = group.match(/../g)?.join(':') ?? ''
    return span
  }))
}

function openOwnSystem(): void {
  const agent = navigator.userAgent
  const system = /iPhone|iPad/.test(agent) ? 'iphone' : /Android/.test(agent) ? 'android' : /Windows/.test(agent) ? 'windows' : /Mac/.test(agent) ? 'mac' : 'linux'
  document.querySelector(`details[data-system="${system}"]`)?.setAttribute('open', '')
}

/** Hands the pairing code of the console's picture on to the claim, which reads it. It stands behind `#`, which no network ever sees. */
function handOn(): void {
  const go = document.getElementById('go')
  // Nothing is shared with the app: the plain port serves this page's own files alone.
  if (go instanceof HTMLAnchorElement && /^#claim=[\w-]{1,20}$/.test(location.hash)) go.hash = location.hash
}

async function tryEncrypted(): Promise<void> {
  try {
    // The answer cannot be read from here; that there is one at all means that the browser trusts the certificate.
    await fetch(`${encrypted}/healthz`, { mode: 'no-cors', cache: 'no-store', credentials: 'omit' })
    document.body.classList.add('works')
    const verdict = document.getElementById('verdict')
    if (verdict) verdict.textContent = 'It works: this device trusts the box.'
  } catch {
    setTimeout(() => void tryEncrypted(), TRY_MS)
  }
}

groupFingerprint()
openOwnSystem()
handOn()
void tryEncrypted()

export {}
