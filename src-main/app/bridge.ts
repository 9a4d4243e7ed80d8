import { createBirpc } from 'birpc'
import { z } from 'zod'
import { type CallName, calls, type Emit, events } from '#shared/contract'
import { confinePaths } from '#shared/contract/strings'
import { AppError, toErrorData } from '#shared/errors'
import { type Answer, type BackendSide, type Channel, messageLimit, type RendererSide } from '#shared/wire'
import { aside } from '#platform/background'
import type { Services } from './backend'

/** Joins a renderer at the end of `channel` to the backend; answers what sends it events. */
export function bridge(channel: Channel, backend: Confined): Emit {
  let open = 0
  const side: BackendSide = {
    async call(name, input) {
      if (++open === mostOpen) channel.hold?.(true)
      const answered = await answer(backend, name, input)
      if (open-- === mostOpen) channel.hold?.(false)
      return answered
    },
  }
  const renderer = createBirpc<RendererSide, BackendSide>(side, {
    post: (text) => channel.post(text),
    on: (listener) =>
      channel.on((text) => {
        const refused = refusal(text)
        if (refused) channel.post(JSON.stringify(refused))
        else listener(text)
      }),
    serialize: JSON.stringify,
    deserialize: JSON.parse,
    eventNames: ['event'],
    timeout: -1,
  })
  return (name, payload) => aside(renderer.event(name, events[name].parse(payload)))
}

/** Calls that a renderer may have open before it is heard no more; its pages have a few. */
const mostOpen = 200

/** The calls, and what becomes of each path that a renderer names in one. */
type Confined = Pick<Services, 'calls' | 'confine'>

/** Validates a call at the border and confines its paths, runs it and validates what it gives. */
export async function answer(
  { calls: handlers, confine }: Confined,
  name: string,
  input: unknown,
): Promise<Answer> {
  try {
    if (!Object.hasOwn(calls, name))
      throw new AppError('bad-message', `There is no call "${shortened(name, 100)}".`)
    const { input: inputSchema, output } = calls[name as CallName]
    const checked = inputSchema.safeParse(input ?? undefined)
    if (!checked.success) throw malformed(name, checked.error)
    const confined = await confinePaths(inputSchema, checked.data, confine)
    const value = await (handlers[name as CallName] as (input: unknown) => Promise<unknown>)(confined)
    return { ok: true, value: output.parse(value) }
  } catch (error) {
    const data = toErrorData(error)
    if (data.code === 'unexpected') console.error(`${name}:`, error)
    return {
      ok: false,
      error: {
        ...data,
        message: shortened(data.message, longest),
        advice: data.advice && shortened(data.advice, longest),
      },
    }
  }
}

/** An answer says what is wrong, not all that is wrong: a message can hold a fault in every character. */
const mostIssues = 5
const longest = 4000

/** A text that is too long is a person's, all else a program's. */
function malformed(name: string, error: z.ZodError): AppError {
  const [issue] = error.issues
  const field = issue?.path.filter((part) => typeof part === 'string').at(-1)
  if (issue?.code === 'too_big' && issue.origin === 'string' && field)
    return new AppError(
      'bad-settings',
      `The text for “${shortened(field, 100)}” is longer than ${issue.maximum} characters.`,
      'Shorten it.',
    )
  return new AppError('bad-message', `The call ${name} is malformed: ${described(error)}`)
}

const described = ({ issues }: z.ZodError) =>
  shortened(
    z.prettifyError({ issues: issues.slice(0, mostIssues) }) +
      (issues.length > mostIssues ? `\nand ${issues.length - mostIssues} more` : ''),
    1000,
  )

const shortened = (text: string, most: number) => (text.length > most ? `${text.slice(0, most)} …` : text)

/** The answer to a text that is no request, before it can confuse the RPC; null for requests. */
function refusal(text: unknown): { t: 's'; i?: string; r: Answer } | null {
  const refuse = (message: string, i?: string) => ({
    t: 's' as const,
    i,
    r: { ok: false as const, error: toErrorData(new AppError('bad-message', message)) },
  })
  if (typeof text !== 'string') return refuse('A message is not text.')
  if (text.length > messageLimit) return refuse(`A message is longer than ${messageLimit} characters.`)
  try {
    const message: unknown = JSON.parse(text)
    if (request.safeParse(message).success) return null
    return refuse('A message is no request.', z.object({ i: z.string().max(100) }).safeParse(message).data?.i)
  } catch {
    return refuse('A message is not JSON.')
  }
}

const request = z.object({
  t: z.literal('q'),
  m: z.literal('call'),
  a: z.tuple([z.string(), z.unknown()]).or(z.tuple([z.string()])),
  i: z.string().max(100),
})
