import { davUrl, makeFolder } from '@/api/dav'
import { signedOut } from '@/api/http'
import { ApiError, isStatus, readProblem, Unreachable } from '@/api/problem'
import { lostBox } from '@/api/reach'
import { pathKey, type Path } from '@/lib/path'
import type { Send, Upload } from '@/lib/upload/queue'

/** Sends files into a person's tree, and makes the folders that come with them. */
export function senderFor(person: string): Send {
  const made = new Map<string, Promise<void>>()
  const ensure = async (root: Path, below: Path): Promise<void> => {
    for (let depth = 1; depth <= below.length; depth += 1) {
      const folder = [...root, ...below.slice(0, depth)]
      const key = pathKey(folder)
      const making = made.get(key) ?? makeMissing(person, folder)
      made.set(key, making)
      // A failure is not kept, so that a second try asks again.
      await making.catch((error: unknown) => { made.delete(key); throw error })
    }
  }
  return async (upload, progress, signal) => {
    await ensure(upload.root, upload.below)
    try {
      await put(davUrl(person, [...upload.root, ...upload.below, upload.name]), upload, progress, signal)
    } catch (error) {
      // 409: the folder that was made is gone again (RFC 4918, section 9.7.1).
      if (isStatus(error, 409)) made.clear()
      throw error
    }
  }
}

async function makeMissing(person: string, folder: Path): Promise<void> {
  try {
    await makeFolder(person, folder)
  } catch (error) {
    // 405: something is there already (RFC 4918, section 9.3.1).
    if (!isStatus(error, 405)) throw error
  }
}

/** XMLHttpRequest, because fetch does not tell how far an upload is. */
function put(url: string, upload: Upload, progress: (sent: number) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', url)
    if (!upload.replace) request.setRequestHeader('If-None-Match', '*')
    request.setRequestHeader('Content-Type', upload.file.type || 'application/octet-stream')
    request.upload.onprogress = ({ loaded }) => { progress(loaded) }
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) { resolve(); return }
      if (request.status === 401) signedOut.set(signedOut.get() + 1)
      reject(new ApiError(readProblem(request.status, request.responseText)))
    }
    request.onerror = () => { lostBox(); reject(new Unreachable('no answer')) }
    request.onabort = () => { reject(new DOMException('cancelled', 'AbortError')) }
    signal.addEventListener('abort', () => { request.abort() }, { once: true })
    request.send(upload.file)
  })
}
