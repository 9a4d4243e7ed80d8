import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { serve } from '#server/serve'
import type { Answer } from '#shared/wire'
import { messageLimit } from '#shared/wire'
import { temporaryFolder } from '#test/helpers/runs'

const [home, allowed, outside] = [temporaryFolder(), realpathSync(temporaryFolder()), temporaryFolder()]
let server: Awaited<ReturnType<typeof serve>>
let origin: string
let cookie: string

beforeAll(async () => {
  process.env['SAIM_HOME'] = home
  mkdirSync(path.join(allowed, 'photos'))
  mkdirSync(path.join(outside, 'secret'))
  symlinkSync(outside, path.join(allowed, 'link'))
  server = await serve({ host: '127.0.0.1', port: 0, roots: [allowed] })
  origin = new URL(server.url).origin
  const opened = await get(server.url)
  cookie = opened.headers['set-cookie']![0]!.split(';')[0]!
})
afterAll(() => server.close())

/** GET with headers as they are given, also those that fetch would not send. */
function get(url: string, headers: Record<string, string> = {}) {
  const { port, pathname, search } = new URL(url)
  const rawPath = url.includes('..') ? url.slice(new URL(url).origin.length) : pathname + search
  return new Promise<{
    status: number
    headers: Record<string, string[] | string | undefined>
    body: string
  }>((resolve, reject) =>
    request({ host: '127.0.0.1', port, path: rawPath, headers }, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += chunk))
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
    })
      .on('error', reject)
      .end(),
  )
}

/** Opens the WebSocket; rejects where it is refused. */
function connect(headers: Record<string, string>): Promise<WebSocket> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/rpc`, { headers })
  return new Promise((resolve, reject) => socket.on('open', () => resolve(socket)).on('error', reject))
}

/** Sends a text and answers what comes back next. */
function exchange(socket: WebSocket, text: string): Promise<Answer> {
  return new Promise((resolve) => {
    const hear = (data: unknown) => {
      const message = JSON.parse(String(data))
      if (message.t !== 's') return
      socket.off('message', hear)
      resolve(message.r)
    }
    socket.on('message', hear).send(text)
  })
}

const callOf = (name: string, input?: unknown) =>
  JSON.stringify({ t: 'q', i: '1', m: 'call', a: [name, input] })

async function call(name: string, input?: unknown): Promise<Answer> {
  const socket = await connect({ cookie, origin })
  const answer = await exchange(socket, callOf(name, input))
  socket.close()
  return answer
}

describe('the address', () => {
  it('lets in who knows the token, and keeps it in a cookie that scripts and other sites do not get', async () => {
    const { status, headers } = await get(server.url)
    expect(status).toBe(303)
    expect(headers.location).toBe('/')
    expect(headers['set-cookie']![0]).toMatch(/HttpOnly; SameSite=Strict/)
    const page = await get(`${origin}/`, { cookie })
    expect(page.status).toBe(200)
    expect(page.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'")
  })

  it.each([
    ['no token', '/', {}],
    ['a wrong token', '/?token=wrong', {}],
    ['a wrong cookie', '/', { cookie: 'saim=wrong' }],
  ])('refuses %s', async (_what, at, headers) => {
    expect((await get(origin + at, headers)).status).toBe(403)
  })

  it('refuses a foreign Host, also with the token, so that no name can be pointed here', async () => {
    const foreign = { host: 'evil.example' }
    expect((await get(server.url, foreign)).status).toBe(403)
    expect((await get(`${origin}/`, { ...foreign, cookie })).status).toBe(403)
    await expect(connect({ cookie, ...foreign, origin: 'http://evil.example' })).rejects.toThrow('403')
  })

  it('refuses a foreign Origin, none, and the wrong cookie on the WebSocket', async () => {
    await expect(connect({ cookie, origin: 'http://evil.example' })).rejects.toThrow('403')
    await expect(connect({ cookie })).rejects.toThrow('403')
    await expect(connect({ origin, cookie: 'saim=wrong' })).rejects.toThrow('403')
    expect((await get(`${origin}/`, { cookie, origin: 'http://evil.example' })).status).toBe(403)
  })

  it.each([
    '/../package.json',
    '/..%2f..%2fpackage.json',
    '/files/../../package.json',
    '/files/reconstruction/..%2f../1/00.png',
    '/%',
    '/%00',
  ])('has nothing at %s', async (at) => {
    expect((await get(origin + at, { cookie })).status).toBe(404)
  })
})

describe('folders', () => {
  it('lists what lies in an allowed root', async () => {
    const { value } = (await call('app.listFolders', { path: allowed })) as { value: { folders: unknown[] } }
    expect(value.folders).toEqual([{ name: 'photos', path: path.join(allowed, 'photos') }])
  })

  const refusals: [string, () => string][] = [
    ['the folder above', () => path.join(allowed, '..')],
    ['a path with ..', () => `${allowed}/photos/../../`],
    ['a folder elsewhere', () => outside],
    ['a symbolic link to elsewhere', () => path.join(allowed, 'link')],
    ['a folder behind a symbolic link', () => path.join(allowed, 'link', 'secret')],
    ['a new folder behind a symbolic link', () => path.join(allowed, 'link', 'new')],
    ['a folder with a similar name', () => `${allowed}-2`],
  ]
  it.each(refusals)('refuses %s to the folder list, to data sets and to exports', async (_what, folder) => {
    const refused = { ok: false, error: expect.objectContaining({ code: 'not-allowed' }) }
    expect(await call('app.listFolders', { path: folder() })).toEqual(refused)
    expect(await call('datasets.add', { folder: folder() })).toEqual(refused)
    const exported = { id: 'a-run', format: 'safetensors', folder: folder() }
    expect(await call('exports.create', exported)).toEqual(refused)
    expect(await call('settings.set', { runsFolder: folder() })).toEqual(refused)
  })

  it('takes a folder name that begins with two dots', async () => {
    mkdirSync(path.join(allowed, '..photos'))
    expect(await call('app.listFolders', { path: path.join(allowed, '..photos') })).toHaveProperty('ok', true)
  })
})

describe('messages', () => {
  it.each([
    ['text that is not JSON', '{"t":'],
    ['JSON that is no request', '[1, 2]'],
    ['null', 'null'],
    ['another method', '{"t":"q","i":"1","m":"$close","a":[]}'],
    ['too many arguments', '{"t":"q","i":"1","m":"call","a":["app.info",null,3]}'],
    ['an unknown call', callOf('runs.explode')],
    ['a call by the name of an inherited property', callOf('constructor')],
    ['a call with the wrong input', callOf('runs.get', { id: '../..' })],
    ['a message that is too long', callOf('x'.repeat(messageLimit))],
  ])('refuses %s and goes on', async (_what, text) => {
    const socket = await connect({ cookie, origin })
    expect(await exchange(socket, text)).toMatchObject({ ok: false, error: { code: 'bad-message' } })
    expect(await exchange(socket, callOf('app.info'))).toMatchObject({ ok: true, value: { host: 'browser' } })
    socket.close()
  })

  it('says what only the window can do', async () => {
    const refused = { ok: false, error: { code: 'not-allowed' } }
    expect(await call('app.pick', { what: 'folder', title: 'Folder' })).toMatchObject(refused)
    expect(await call('app.reveal', { path: allowed })).toMatchObject(refused)
  })
})

it('takes damaged settings for the defaults', async () => {
  writeFileSync(path.join(home, 'settings.json'), '{"theme":')
  expect(await call('settings.get')).toMatchObject({ ok: true, value: { theme: 'system' } })
})
