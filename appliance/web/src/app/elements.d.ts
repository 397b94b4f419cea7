import 'react'

declare module 'react' {
  interface InputHTMLAttributes<T> {
    /** Chooses a folder with all that is in it; every browser knows it, React's types do not. */
    webkitdirectory?: T extends HTMLInputElement ? '' : never
  }
}
