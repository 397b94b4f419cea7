/** The household's certificate, as a newcomer gets it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** From the plain port where that is known, else from the box's folder; both are PEM. */
export async function certificate({ plainUrl, home }: { plainUrl: string | undefined; home: string }): Promise<string> {
  if (!plainUrl) return readFileSync(join(home, 'ca.pem'), 'utf8')
  const response = await fetch(new URL('/ca.crt', plainUrl))
  if (!response.ok) throw new Error(`the plain port answered ${String(response.status)} for the certificate`)
  return await response.text()
}
