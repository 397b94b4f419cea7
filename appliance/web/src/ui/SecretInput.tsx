import { useState, type InputHTMLAttributes } from 'react'
import { TextInput } from '@/ui/TextInput'

/** A secret, hidden until asked to show. `words` are those of its button. */
export function SecretInput({ words, ...rest }: InputHTMLAttributes<HTMLInputElement> & { onText: (text: string) => void; words: { show: string; hide: string } }) {
  const [shown, setShown] = useState(false)
  return (
    <div className="relative">
      <TextInput {...rest} type={shown ? 'text' : 'password'} autoCapitalize="none" spellCheck={false} className="pr-24" />
      <button type="button" aria-pressed={shown} className="absolute inset-y-1 right-1 rounded-1 px-3 text-sm font-semibold text-ink-2 hover:bg-sunk" onClick={() => { setShown(!shown) }}>
        {shown ? words.hide : words.show}
      </button>
    </div>
  )
}
