import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { said } from '#test/helpers/hosts'
import { type Chance, chance, rounds } from '#test/helpers/fuzz'
import { temporaryFolder } from '#test/helpers/runs'

/** `saim serve` as a process of its own, given bytes of any kind: it lives on, says no secret and lets in nobody. */

const home = temporaryFolder()
const marker = 'only-for-the-person-7f3a'
let server: ChildProcess
let output = ''
let port: number
let token: string
let key: string

beforeAll(async () => {
  for (const folder of ['images', 'runs']) mkdirSync(path.join(home, folder))
  writeFileSync(path.join(home, 'secret.txt'), marker)
  writeFileSync(path.join(home, 'runs', 'secret.png'), marker)
  server = spawn('node', ['out/main/cli.js', 'serve', '--root', path.join(home, 'images')], {
    env: { ...process.env, SAIM_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const url = new URL(await said(server, /http:\S+/))
  port = Number(url.port)
  token = url.searchParams.get('token')!
  for (const stream of [server.stdout!, server.stderr!]) stream.on('data', (text) => (output += String(text)))
  key = /#key=(\S+)/.exec(
    await exchange(`GET /?token=${token} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`),
  )![1]!
})
afterAll(() => void server.kill('SIGKILL'))

/** Sends bytes and answers what comes back until the end, or until nothing more came for a while. */
function exchange(bytes: string | Buffer, silence = 2000): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    const done = () => {
      socket.destroy()
      resolve(text)
    }
    socket.setTimeout(Math.max(silence, 5000), done) // a machine at work answers late
    socket
      .on('data', (chunk) => {
        text += chunk.toString('latin1')
        socket.setTimeout(silence)
      })
      .on('error', done)
      .on('close', done)
    socket.end(bytes)
  })
}

async function expectAlive(): Promise<void> {
  expect(server.exitCode, output).toBeNull()
  const socket = new WebSocket(`ws://127.0.0.1:${port}/rpc`, ['saim', key], {
    headers: { origin: `http://127.0.0.1:${port}` },
  })
  const answer = await new Promise<string>((resolve, reject) => {
    socket.on('error', reject).on('open', () => socket.send('{"t":"q","i":"1","m":"call","a":["app.info"]}'))
    socket.on('message', (data) => String(data).includes('"t":"s"') && resolve(String(data)))
  })
  socket.terminate()
  expect(answer).toContain('"ok":true')
  expect(output).not.toContain(token)
}

const pieces = [
  ...[
    '..',
    '.',
    '%2e%2e',
    '%2f',
    '%5c',
    '\\',
    '%00',
    '%',
    '%zz',
    '%u2215',
    '%c0%ae',
    'files',
    '%66iles',
    'FILES',
    'rpc',
    'known',
  ],
  ...[
    'thumbnail',
    'inspect',
    'picture',
    'reconstruction',
    'run',
    'dataset',
    'd-0',
    '0',
    '1.png',
    '-1',
    '1e9',
    'secret.txt',
  ],
  ...[
    'package.json',
    'index.html',
    'assets',
    'etc',
    'passwd',
    '?token=',
    '#',
    ';',
    ':',
    '@',
    'a'.repeat(3000),
    'http:',
    'é',
  ],
]
const hostile = (c: Chance) =>
  Array.from({ length: 1 + c.below(7) }, () => c.pick(pieces)).join(c.pick(['/', '/', '/', '//', '']))

function requestOf(c: Chance): { bytes: string; mayServe: boolean } {
  const host = c.pick([
    `127.0.0.1:${port}`,
    `127.0.0.1:${port}`,
    `localhost:${port}`,
    'evil.example',
    '',
    '127.0.0.1',
    `127.0.0.1:${port}.evil`,
  ])
  const fileKey = key.split('.')[1]!
  const target = c.pick([
    () => `/${hostile(c)}`,
    () => `/files/${fileKey}/${hostile(c)}`,
    () => `/?token=${hostile(c)}`,
    () => `//${hostile(c)}?token=${token}`,
    () => `http://evil.example/${hostile(c)}`,
    () => hostile(c),
    () => '*',
  ])()
  const headers = Array.from({ length: c.below(4) }, () =>
    c.pick([
      () => `Origin: ${c.pick(['null', 'http://evil.example', `http://127.0.0.1:${port}`, ''])}`,
      () => `Sec-Fetch-Site: ${c.pick(['cross-site', 'same-site', 'same-origin', 'none', 'x'])}`,
      () => `Cookie: ${hostile(c)}`,
      () => `Content-Length: ${c.pick(['0', '-1', '5', '99999999999999999999', 'x'])}`,
      () => `Transfer-Encoding: ${c.pick(['chunked', 'gzip', 'chunked, chunked'])}`,
      () => `Range: bytes=${c.below(99)}-`,
      () => `Expect: 100-continue`,
      () => `Upgrade: ${c.pick(['websocket', 'h2c', 'x'])}\r\nConnection: Upgrade`,
      () => `Sec-WebSocket-Key: ${c.bytes(c.below(20)).toString('base64')}`,
      () => `Sec-WebSocket-Version: ${c.pick(['13', '8', 'x'])}`,
      () => `Sec-WebSocket-Protocol: ${c.pick(['saim', `saim, ${hostile(c)}`, ',,', key.slice(1)])}`,
      () => `X-${c.below(99)}: ${'y'.repeat(c.pick([1, 100, 20_000]))}`,
      () => (c.below(8) ? 'Accept: */*' : c.bytes(c.below(40)).toString('latin1')),
    ])(),
  )
  const method = c.pick([
    'GET',
    'GET',
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'CONNECT',
    'PATCH',
    'get',
    'X',
  ])
  const bytes = [
    `${method} ${target} HTTP/1.${c.pick(['1', '1', '0', '9'])}`,
    `Host: ${host}`,
    'Connection: close',
    ...headers,
  ].join('\r\n')
  return {
    bytes: `${bytes}\r\n\r\n`,
    mayServe: host.startsWith('127.0.0.1:') || host.startsWith('localhost:'),
  }
}

it('answers requests of any kind, and gives nothing away', async () => {
  const c = chance('fuzz-http')
  const statuses = new Map<string, number>()
  const one = async () => {
    const { bytes, mayServe } = requestOf(c)
    const answer = await exchange(bytes, 5000)
    const status = /^(?:HTTP\/1\.1 100 Continue\r\n\r\n)?HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'none'
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    expect(answer, bytes).not.toContain(marker)
    expect(answer, bytes).not.toMatch(/root:.*:0:0:/)
    expect(status, bytes).not.toBe('500')
    expect(status, bytes).not.toBe('101')
    if (!mayServe) expect(['400', '403', '404', '405', '431', '501', '100', 'none'], bytes).toContain(status)
    if (!bytes.includes(token)) expect(answer, bytes).not.toContain(token)
  }
  for (let round = 0; round < rounds(1500); round += 25) {
    await Promise.all(Array.from({ length: 25 }, one))
    if (round % 500 === 0) await expectAlive()
  }
  await expectAlive()
  console.log(`Statuses: ${JSON.stringify(Object.fromEntries(statuses))}`)
}, 3_600_000)

/** A frame as RFC 6455 writes it, with whatever is in its head. */
function frame(c: Chance): Buffer {
  const payload = c.bytes(c.below(200))
  const mask = c.bytes(4)
  const length = c.pick([payload.length, payload.length, 0, 126, 127])
  const head = [c.pick([0x81, 0x81, 0x82, 0x01, 0x00, 0x80, 0x88, 0x89, 0x8a, 0xff, c.below(256)])]
  if (length < 126) head.push((c.below(8) ? 0x80 : 0) | length)
  else if (length === 126) head.push(0xfe, c.below(256), c.below(256))
  else head.push(0xff, ...c.bytes(8))
  return Buffer.concat([Buffer.from(head), mask, payload.map((byte, i) => byte ^ mask[i % 4]!)])
}

it('takes frames of any kind on the WebSocket, and goes on for others', async () => {
  const c = chance('fuzz-frames')
  const handshake = (shown: string) =>
    [
      'GET /rpc HTTP/1.1',
      `Host: 127.0.0.1:${port}`,
      `Origin: http://127.0.0.1:${port}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
      `Sec-WebSocket-Protocol: saim, ${shown}`,
      '\r\n',
    ].join('\r\n')
  for (let round = 0; round < rounds(300); round += 10) {
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        const isLetIn = c.below(4) > 0
        const frames = Array.from({ length: 1 + c.below(8) }, () => frame(c))
        const answer = await exchange(
          Buffer.concat([Buffer.from(handshake(isLetIn ? key : 'x')), ...frames]),
          300,
        )
        expect(answer).toMatch(isLetIn ? /^HTTP\/1\.1 101/ : /^HTTP\/1\.1 403/)
        expect(answer.length).toBeLessThan(100_000)
      }),
    )
  }
  await expectAlive()
}, 3_600_000)
