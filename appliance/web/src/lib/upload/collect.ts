import type { Path } from '@/lib/path'

/** A file as it was chosen or dropped, with the folders that it lay in. */
export interface Found { file: File; name: string; below: Path }

/** Files from an input; a chosen folder names its path in each. */
export function fromInput(files: FileList): Found[] {
  return [...files].map((file) => ({ file, name: file.name, below: file.webkitRelativePath.split('/').slice(0, -1) }))
}

/** Files that were dropped, folders walked to their ends. Must be called in the drop event, before the browser takes the list away. */
export async function fromDrop(transfer: DataTransfer): Promise<Found[]> {
  const roots = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  if (roots.length === 0) return [...transfer.files].map((file) => ({ file, name: file.name, below: [] }))
  const found: Found[] = []
  for (const root of roots) await walk(root, [], found)
  return found
}

async function walk(entry: FileSystemEntry, below: Path, found: Found[]): Promise<void> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => { entry.file(resolve, reject) })
    found.push({ file, name: entry.name, below })
  } else if (isFolder(entry)) {
    const reader = entry.createReader()
    // A reader hands out its entries in batches and ends with an empty one.
    for (;;) {
      const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => { reader.readEntries(resolve, reject) })
      if (batch.length === 0) return
      for (const child of batch) await walk(child, [...below, entry.name], found)
    }
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory
