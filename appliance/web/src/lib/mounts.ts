import type { Entry } from '@/lib/propfind'

/** The folder under which a shared space stands in the person's tree. The box gives it another name where an own entry has its own: `Family (shared)`, `Family (shared 2)`. */
export function mountName(name: string, root: readonly Entry[] | undefined): string {
  const shown = root?.filter((entry) => entry.mounted).map((entry) => entry.name) ?? []
  return shown.find((other) => other === name) ?? shown.find((other) => other.startsWith(`${name} (shared`)) ?? name
}
