/** The pairing code in the fragment of an address, as the picture on the console carries it: `claim=7K3M-9XQT`. */
export function codeIn(fragment: string): string | undefined {
  return /^claim=([0-9A-Za-z]{4}-?[0-9A-Za-z]{4})$/.exec(fragment)?.[1]?.toUpperCase()
}
