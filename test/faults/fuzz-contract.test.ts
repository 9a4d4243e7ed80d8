import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { z } from 'zod'
import { bridge } from '#app/bridge'
import { createServices, type Services } from '#app/backend'
import { Folders } from '#app/folders'
import { forkNode } from '#platform/processes'
import { type CallName, calls } from '#shared/contract'
import { type Answer, messageLimit } from '#shared/wire'
import { type Chance, chance, rounds } from '#test/helpers/fuzz'
import { temporaryFolder } from '#test/helpers/runs'

/**
 * Every call of the contract with inputs that are right in form, wrong, huge and broken, through the bridge as a browser's: each
 * has one answer, which is short where it is a refusal and says what is wrong, and the processes behind it live on.
 */

const [home, root] = [temporaryFolder(), realpathSync(temporaryFolder())]
/** What computes or installs for minutes gets only inputs that are refused. */
const costly = /^engines\.(install|remove|survey|plan)$/
const patience = 60_000
const longestRefusal = 20_000
const longestAnswer = 5_000_000

let services: Services
let hear: (text: string) => void
const waiting = new Map<string, (answer: Answer, length: number) => void>()
const lost: string[] = []

beforeAll(async () => {
  process.env['SAIM_HOME'] = home
  process.env['SAIM_ENGINES'] = path.join(home, 'engines') // which other tests would miss
  for (const name of ['photos', 'photos/a', 'empty', 'run']) mkdirSync(path.join(root, name))
  writeFileSync(path.join(root, 'photos', 'a', 'no.png'), 'no image')
  writeFileSync(path.join(root, 'weights.safetensors'), 'no weights')
  writeFileSync(path.join(root, 'run', 'run.json'), '{"format":2}')
  services = createServices(
    { kind: 'browser', fork: forkNode, folders: new Folders([root]) },
    () => undefined,
  )
  bridge(
    {
      post(text) {
        const { i, r } = JSON.parse(text) as { i?: string; r: Answer }
        if (i === undefined) return void lost.push(text)
        waiting.get(i)?.(r, text.length)
        waiting.delete(i)
      },
      on: (listener) => (hear = listener),
    },
    services,
  )
})
afterAll(() => services.close())

let count = 0
/** Sends a call as a text that may be changed on its way; answers what comes back and how long it is. */
function ask(name: string, input: unknown): Promise<{ answer: Answer; length: number }> {
  const i = String(count++)
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error(`${name} has no answer: ${JSON.stringify(input)?.slice(0, 300)}`)),
      patience,
    )
    waiting.set(i, (answer, length) => {
      clearTimeout(late)
      resolve({ answer, length })
    })
    hear(JSON.stringify({ t: 'q', i, m: 'call', a: [name, input] }))
  })
}

/** Strings that mean something to file systems, databases, terminals or JavaScript. */
const strange = [
  ...[
    '',
    ' ',
    '.',
    '..',
    '../..',
    '/',
    '//',
    '~',
    '*',
    '-rf',
    'a'.repeat(5000),
    'a\0b',
    '\u2028',
    '\x1b[2J',
    '\ud800',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'null',
    'NaN',
    "'; DROP TABLE images; --",
    '%s%n',
    '{{1}}',
    '=1+1',
    'é\u0301',
  ],
]
const places = [
  '.',
  'photos',
  'photos/a',
  'empty',
  'run',
  'weights.safetensors',
  'missing',
  'photos/a/no.png',
  '../..',
]
const numbers = [0, -0, 1, -1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, -1e308, 5e-324, 255, 4096]

const anything = (c: Chance, depth = 0): unknown =>
  [
    () => null,
    () => c.below(2) === 0,
    () => c.pick(numbers),
    () => c.pick(strange),
    () => path.join(root, c.pick(places)),
    () => Array.from({ length: depth > 3 ? 0 : c.below(4) }, () => anything(c, depth + 1)),
    () =>
      Object.fromEntries(
        Array.from({ length: depth > 3 ? 0 : c.below(4) }, () => [c.pick(strange), anything(c, depth + 1)]),
      ),
  ][c.below(7)]!()

/** A value that has the form of a schema, now and then with something else in a place. */
function formed(schema: z.core.$ZodType, c: Chance, wrong: number): unknown {
  if (c.below(1000) < wrong) return anything(c)
  const { def } = (schema as z.core.$ZodTypes)._zod
  const inner = (part: z.core.$ZodType) => formed(part, c, wrong)
  switch (def.type) {
    case 'object':
      return Object.fromEntries(Object.entries(def.shape).map(([name, part]) => [name, inner(part)]))
    case 'array':
      return Array.from({ length: c.below(4) }, () => inner(def.element))
    case 'optional':
    case 'nullable':
    case 'default':
      return c.below(2) ? inner(def.innerType) : def.type === 'nullable' ? null : undefined
    case 'pipe':
      return inner(def.in)
    case 'union':
      return inner(c.pick(def.options))
    case 'record':
      return Object.fromEntries(
        Array.from({ length: c.below(3) }, () => [
          c.pick(['seed', 'epochs', 'width', 'a']),
          inner(def.valueType),
        ]),
      )
    case 'string':
      return c.pick([path.join(root, c.pick(places)), 'a', 'run', 'd-0123456789ab', c.pick(strange)])
    case 'number':
      return c.pick([1, 2, 4, 16, c.pick(numbers)])
    case 'boolean':
      return c.below(2) === 0
    case 'enum':
      return c.pick(Object.values(def.entries))
    case 'literal':
      return c.pick(def.values)
    default:
      return undefined
  }
}

function expectBounded({ answer, length }: { answer: Answer; length: number }, what: string): void {
  expect(length, what).toBeLessThan(answer.ok ? longestAnswer : longestRefusal)
  if (answer.ok) return
  expect(answer.error.message.length, what).toBeGreaterThan(0)
  expect(answer.error.code, `${what}: ${answer.error.message}`).not.toBe('worker-died')
}

const names = Object.keys(calls) as CallName[]
const unexpected = new Map<string, number>()

it('answers every call, whatever it is given', async () => {
  const c = chance('fuzz-contract')
  const total = rounds(1500)
  let accepted = 0
  for (let round = 0; round < total; round++) {
    const name = names[round % names.length]!
    const schema = calls[name].input
    const input = formed(schema, c, c.pick([0, 50, 300, 1000]))
    if (costly.test(name) && schema.safeParse(input).success) continue
    const got = await ask(name, input)
    if (got.answer.ok) accepted++
    else if (got.answer.error.code === 'unexpected') {
      const key = `${name}: ${got.answer.error.message.slice(0, 80)}`
      unexpected.set(key, (unexpected.get(key) ?? 0) + 1)
    }
    expectBounded(got, `${name} ${JSON.stringify(input)?.slice(0, 300)}`)
  }
  console.log(
    `${total} calls, ${accepted} accepted; errors without words: ${JSON.stringify([...unexpected])}`,
  )
}, 3_600_000)

it('answers huge messages shortly', async () => {
  const c = chance('fuzz-contract-huge')
  const bulk = (): unknown =>
    c.pick([
      () => 'x'.repeat(900_000),
      () => Array.from({ length: 200_000 }, () => c.pick([1, 'x', null])),
      () => Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`key-${i}`, null])),
      () => JSON.parse('['.repeat(1000) + ']'.repeat(1000)) as unknown,
    ])()
  for (let round = 0; round < Math.min(rounds(30), 1000); round++) {
    const name = c.pick(names)
    const form = formed(calls[name].input, c, 0)
    const fields = form && typeof form === 'object' ? Object.keys(form) : []
    const input = fields.length ? { ...(form as object), [c.pick(fields)]: bulk() } : bulk()
    if (costly.test(name) && calls[name].input.safeParse(input).success) continue
    expectBounded(await ask(name, input), `${name} with something huge`)
  }
}, 3_600_000)

it('refuses texts that are no calls, and goes on', async () => {
  const c = chance('fuzz-contract-texts')
  const whole = JSON.stringify({ t: 'q', i: 'x', m: 'call', a: ['app.info', null] })
  for (let round = 0; round < rounds(500); round++) {
    lost.length = 0
    const bytes = Buffer.from(whole)
    for (let change = 0; change < 1 + c.below(4); change++) bytes[c.below(bytes.length)] = c.below(256)
    hear(
      c.pick([
        () => bytes.toString('latin1'),
        () => whole.slice(0, c.below(whole.length)),
        () => whole.replace('null', '['.repeat(20_000) + ']'.repeat(c.below(2) * 20_000)),
        () => JSON.stringify(anything(c)) ?? '',
        () => c.bytes(c.below(200)).toString('latin1'),
        () =>
          JSON.stringify({ t: c.pick(['q', 's', 'x']), i: anything(c), m: c.pick(strange), a: anything(c) }),
      ])(),
    )
    expect(lost.every((text) => text.length < longestRefusal)).toBe(true)
  }
  hear('x'.repeat(messageLimit + 1))
  expect(lost.at(-1)).toContain('longer than')
  expect((await ask('app.info', undefined)).answer).toMatchObject({ ok: true })
}, 3_600_000)
