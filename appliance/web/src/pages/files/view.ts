import type { Order } from '@/lib/entries'
import { Store } from '@/lib/store'

/** How folders are shown in this browser. */
export interface FileView { layout: 'list' | 'grid'; order: Order }

const KEY = 'croft-files-layout'

/** The layout is kept; the order begins by name each time. */
export const fileView = new Store<FileView>({
  layout: localStorage.getItem(KEY) === 'grid' ? 'grid' : 'list',
  order: { key: 'name', descending: false },
})

export function chooseLayout(layout: FileView['layout']): void {
  localStorage.setItem(KEY, layout)
  fileView.set({ ...fileView.get(), layout })
}

/** Orders by a key; once more by the same one turns it round. Sizes and times begin with the greatest. */
export function orderBy(key: Order['key']): void {
  const { order } = fileView.get()
  const descending = order.key === key ? !order.descending : key !== 'name'
  fileView.set({ ...fileView.get(), order: { key, descending } })
}
