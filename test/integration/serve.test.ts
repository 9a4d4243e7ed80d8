import {
  cpSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { serve } from '#server/serve'
import type { Answer } from '#shared/wire'
import { messageLimit } from '#shared/wire'
import { readRun, updateRun } from '#storage/run/run-folder'
import { makeImages, temporaryFolder } from '#test/helpers/runs'
import { newRun, trainRun } from '#test/helpers/training'

const [home, allowed, outside] = [temporaryFolder(), realpathSync(temporaryFolder()), temporaryFolder()]
let server: Awaited<ReturnType<typeof serve>>
let origin: string
let key: string
let fileKey: string

beforeAll(async () => {
  process.env['SAIM_HOME'] = home
  mkdirSync(path.join(allowed, 'photos'))
  mkdirSync(path.join(outside, 'secret'))
  symlinkSync(outside, path.join(allowed, 'link'))
  server = await serve({ host: '127.0.0.1', port: 0, roots: [allowed] })
  origin = new URL(server.url).origin
  const opened = await get(server.url)
  key = String(opened.headers['location']).split('#key=')[1]!
  fileKey = key.split('.')[1]!
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
function connect(headers: Record<string, string>, protocols = ['saim', key]): Promise<WebSocket> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/rpc`, protocols, { headers })
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
  const socket = await connect({ origin })
  const answer = await exchange(socket, callOf(name, input))
  socket.close()
  return answer
}

it('sends assets packed and to be kept for ever, and the page anew each time', async () => {
  const page = await get(origin)
  expect(page.headers['cache-control']).toBe('no-store')
  const [asset] = /assets\/index-[^"]+\.js/.exec(page.body)!
  const { headers, status } = await get(`${origin}/${asset}`, { 'accept-encoding': 'gzip, br' })
  expect(status).toBe(200)
  expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect(headers['content-encoding']).toBe('br')
  const plain = await get(`${origin}/${asset}`)
  expect(plain.headers['content-encoding']).toBeUndefined()
  expect(Number(headers['content-length'])).toBeLessThan(Buffer.byteLength(plain.body) / 2)
})

describe('the address', () => {
  it('gives who knows the token a key, which no cookie carries to other servers of this machine', async () => {
    const { status, headers } = await get(server.url)
    expect(status).toBe(303)
    expect(headers.location).toBe(`/#key=${key}`)
    expect(headers).not.toHaveProperty('set-cookie')
    const page = await get(`${origin}/`)
    expect(page.status).toBe(200)
    expect(page.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'")
    expect(page.headers['cross-origin-resource-policy']).toBe('same-origin')
  })

  it('has pages for everyone, and nothing of the person in them', async () => {
    const { body } = await get(`${origin}/`)
    for (const secret of [key, fileKey, allowed, home]) expect(body).not.toContain(secret)
  })

  it.each(['/?token=wrong', '/?token=', '/files/thumbnail/d/1', '/files/', '/files/wrong/thumbnail/d/1'])(
    'refuses %s',
    async (at) => expect((await get(origin + at)).status).toBe(403),
  )

  it('serves files to the key for files, not to the one for calls, nor behind another spelling', async () => {
    expect((await get(`${origin}/files/${fileKey}/thumbnail/d/1`)).status).toBe(404)
    expect((await get(`${origin}/files/${key}/thumbnail/d/1`)).status).toBe(403)
    expect((await get(`${origin}/%66iles/thumbnail/d/1`)).status).toBe(404)
  })

  it('refuses a foreign Host, also with the token, so that no name can be pointed here', async () => {
    const foreign = { host: 'evil.example' }
    expect((await get(server.url, foreign)).status).toBe(403)
    expect((await get(`${origin}/`, foreign)).status).toBe(403)
    await expect(connect({ ...foreign, origin: 'http://evil.example' })).rejects.toThrow('403')
  })

  it('refuses a foreign Origin, none, and a wrong key or none on the WebSocket', async () => {
    await expect(connect({ origin: 'http://evil.example' })).rejects.toThrow('403')
    await expect(connect({ origin: 'http://127.0.0.1:9' })).rejects.toThrow('403')
    await expect(connect({})).rejects.toThrow('403')
    for (const protocols of [[], ['saim'], ['saim', 'wrong'], ['saim', fileKey], [key], [key, 'saim']])
      await expect(connect({ origin }, protocols)).rejects.toThrow('403')
    expect((await get(`${origin}/`, { origin: 'http://evil.example' })).status).toBe(403)
  })

  it('is loaded by no page of another server of this machine, but a link may lead to it', async () => {
    const from = (site: string, mode: string, dest: string) => ({
      'sec-fetch-site': site,
      'sec-fetch-mode': mode,
      'sec-fetch-dest': dest,
    })
    const at = `${origin}/`
    for (const site of ['cross-site', 'same-site']) {
      expect((await get(at, from(site, 'no-cors', 'image'))).status).toBe(403)
      expect((await get(at, from(site, 'navigate', 'iframe'))).status).toBe(403)
      expect((await get(at, from(site, 'navigate', 'document'))).status).toBe(200)
    }
    expect((await get(at, from('same-origin', 'cors', 'empty'))).status).toBe(200)
    expect((await get(at, from('none', 'navigate', 'document'))).status).toBe(200)
  })

  it.each([
    '//?token=TOKEN',
    '/%?token=TOKEN',
    '///@:?token=TOKEN',
    '/a?token=TOKEN&token=x',
    'x://y?token=TOKEN',
  ])('never writes the token down: %s', async (at) => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const { searchParams, port } = new URL(server.url)
    await new Promise((resolve) =>
      request({ port, path: at.replace('TOKEN', searchParams.get('token')!) }, (response) =>
        response.resume().on('end', resolve),
      ).end(),
    )
    expect(said.mock.calls).toEqual([])
    said.mockRestore()
  })

  it.each([
    '/../package.json',
    '/..%2f..%2fpackage.json',
    '/%',
    '/%00',
    '/files/KEY/../../package.json',
    '/files/KEY/reconstruction/..%2f../1/00.png',
  ])('has nothing at %s', async (at) => {
    expect((await get(origin + at.replace('KEY', fileKey))).status).toBe(404)
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

describe('what lies behind links', () => {
  const shown = async (folder: string) => {
    const { id } = ((await call('datasets.add', { folder })) as { value: { id: string } }).value
    await vi.waitFor(async () => {
      const { value } = (await call('datasets.list')) as { value: { datasets?: unknown } }
      expect(JSON.stringify(value)).toMatch(new RegExp(`"${id}"[^]*"status":"(ready|failed)"`))
    }, 20_000)
    const statuses = [1, 2].map(
      async (image) => (await get(`${origin}/files/${fileKey}/thumbnail/${id}/${image}`)).status,
    )
    return (await Promise.all(statuses)).filter((status) => status === 200).length
  }

  it('shows no image that a link in a folder leads out to', async () => {
    await makeImages(path.join(outside, 'private'), 1)
    const [own, linked] = [path.join(allowed, 'own'), path.join(allowed, 'linked')]
    await makeImages(own, 1)
    mkdirSync(linked)
    const [name] = readdirSync(path.join(outside, 'private'), { recursive: true })
      .map(String)
      .filter((each) => each.includes('.'))
    symlinkSync(path.join(outside, 'private', name!), path.join(linked, path.basename(name!)))
    symlinkSync(path.join(outside, 'private'), path.join(linked, 'folder'))
    expect(await shown(own)).toBe(1)
    expect(await shown(linked)).toBe(0)
  })

  it('reads no images where a run of strangers says that its images lie', async () => {
    const [own, theirs] = [path.join(allowed, 'mine'), path.join(outside, 'theirs')]
    await makeImages(own, 8)
    cpSync(own, theirs, { recursive: true })
    const run = await newRun(home, own)
    const id = path.basename(run)
    const image = 'even/image 000.jpg'
    const shown = async () =>
      (await get(`${origin}/files/${fileKey}/inspect/thumbnail/run/${id}/${encodeURIComponent(image)}`))
        .status
    expect(await shown()).toBe(200)
    const { dataset } = await readRun(run)
    await updateRun(run, { dataset: { ...dataset, folder: theirs } })
    expect(await shown()).toBe(404)
    expect((await trainRun(run)).at(-1)).toMatchObject({ status: 'failed', error: { code: 'no-images' } })
    await updateRun(run, { dataset, status: 'stopped' })
    expect((await trainRun(run)).at(-1)).toMatchObject({ status: 'finished' })
  })

  it('reads no runs where a link took the place of their folder', async () => {
    const runs = path.join(allowed, 'runs')
    mkdirSync(runs)
    expect(await call('settings.set', { runsFolder: runs })).toMatchObject({ ok: true })
    expect(await call('runs.list')).toMatchObject({ ok: true })
    rmdirSync(runs)
    symlinkSync(outside, runs)
    expect(await call('runs.list')).toMatchObject({ ok: false, error: { code: 'not-allowed' } })
    rmSync(runs)
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
    const socket = await connect({ origin })
    expect(await exchange(socket, text)).toMatchObject({ ok: false, error: { code: 'bad-message' } })
    expect(await exchange(socket, callOf('app.info'))).toMatchObject({ ok: true, value: { host: 'browser' } })
    socket.close()
  })

  it.each([
    ['name', { id: 'a-run', name: 'x'.repeat(201) }, 200],
    ['notes', { id: 'a-run', notes: 'x'.repeat(100_001) }, 100_000],
    ['tags', { id: 'a-run', tags: ['good', 'x'.repeat(51)] }, 50],
  ])('says in words that a text for %s is too long', async (field, input, most) => {
    expect(await call('runs.update', input)).toEqual({
      ok: false,
      error: {
        code: 'bad-settings',
        message: `The text for “${field}” is longer than ${most} characters.`,
        advice: 'Shorten it.',
      },
    })
  })

  it('says what only the window can do', async () => {
    const refused = { ok: false, error: { code: 'not-allowed' } }
    expect(await call('app.pick', { what: 'folder', title: 'Folder' })).toMatchObject(refused)
    expect(await call('app.reveal', { path: allowed })).toMatchObject(refused)
  })
})

it('answers a long message full of faults in a few lines', async () => {
  const socket = await connect({ origin })
  const size = async (name: string, input: unknown) =>
    JSON.stringify(await exchange(socket, callOf(name, input))).length
  const faults = Array.from({ length: 200_000 }, () => 'x')
  expect(await size('datasets.label', { id: 'd', images: faults, change: { excluded: true } })).toBeLessThan(
    5_000,
  )
  const keys = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key-${i}`, {}]))
  expect(await size('runs.resume', { id: 'a', changes: keys })).toBeLessThan(10_000)
  expect(await size('runs.get', { id: 'x'.repeat(900_000) })).toBeLessThan(10_000)
  expect(await size('x'.repeat(900_000), {})).toBeLessThan(10_000)
  socket.close()
})

it('takes damaged settings for the defaults', async () => {
  writeFileSync(path.join(home, 'settings.json'), '{"theme":')
  expect(await call('settings.get')).toMatchObject({ ok: true, value: { theme: 'system' } })
})
