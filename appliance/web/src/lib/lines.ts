/** The lines of a body, as they come. */
export async function* lines(response: Response): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader?.read() ?? { done: true, value: undefined }
    const parts = (rest + (value ?? '')).split('\n')
    rest = parts.pop() ?? ''
    yield* parts.filter((line) => line !== '')
    if (done) break
  }
  if (rest !== '') yield rest
}
