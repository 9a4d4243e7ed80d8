import { expect, it } from 'vitest'
import { answering } from '#platform/remote'
import { RemoteProcess } from './remote-process'

/** A process that never answers and ends as it is told. */
function process() {
  let exit: (code: number | null, errors: string) => void = () => undefined
  const remote = new RemoteProcess<{ read(): Promise<{ value: number }> }, object>(
    () => ({
      pid: 1,
      post: () => undefined,
      onMessage: () => undefined,
      onExit: (listener) => void (exit = listener),
      kill: () => undefined,
    }),
    {},
    'reads files',
  )
  const asked = remote.ask((functions) => functions.read())
  return { asked, end: (code: number | null) => exit(code, '') }
}

it('says what became of a process in which a question was open', async () => {
  const died = process()
  died.end(null)
  await expect(died.asked).rejects.toMatchObject({
    code: 'worker-died',
    message: 'The process that reads files was killed, could not be started, or had no memory left.',
  })
  const ended = process()
  ended.end(1)
  await expect(ended.asked).rejects.toMatchObject({ message: 'The process that reads files ended.' })
})

it('answers with what memory there is not, in words', async () => {
  const { read } = answering({
    read: () => {
      throw new RangeError('Array buffer allocation failed') // as V8 says it
    },
  })
  expect(await read()).toMatchObject({ error: { code: 'out-of-memory', advice: expect.any(String) } })
})
