import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { hostname } from 'node:os'
import path from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { serve } from '#server/serve'
import { parseAddress } from '#shared/address'
import { hasOpenssl, makeCertificate } from '#test/helpers/certificate'
import { temporaryFolder } from '#test/helpers/runs'

const place = { host: '127.0.0.1', port: 0, roots: [temporaryFolder()] }
const refused = (code: string, message: string | RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message), advice: expect.any(String) })

beforeAll(() => void (process.env['SAIM_HOME'] = temporaryFolder()))

if (process.env['CI']) it('has openssl to make certificates with', () => expect(hasOpenssl).toBe(true))

describe('without a certificate', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1'])('it does not listen at %s, and says how it would', async (host) => {
    await expect(serve({ ...place, host })).rejects.toThrow(
      refused('certificate-unusable', /with a certificate only/),
    )
    const { advice } = await serve({ ...place, host }).catch((error) => error)
    expect(advice).toMatch(/openssl req -x509.*\n.*ssh -L/)
    expect(advice).not.toContain(host === '192.0.2.1' ? hostname() + ' -keyout' : `:${host} `)
  })

  it('it listens on this machine', async () => {
    const { url, fingerprint, close } = await serve({ ...place, host: 'localhost' })
    expect(url).toMatch(/^http:\/\/localhost:\d+\/\?token=[\w-]+$/)
    expect(fingerprint).toBeNull()
    await close()
  })
})

it('a name that is none and a port that is taken are refused', async () => {
  await expect(serve({ ...place, host: 'no such name' })).rejects.toThrow(
    refused('address-unusable', 'no such name'),
  )
  const { url, close } = await serve(place)
  const port = Number(new URL(url).port)
  await expect(serve({ ...place, port })).rejects.toThrow(refused('address-unusable', 'the port is taken'))
  await close()
})

describe.runIf(hasOpenssl)('with a certificate (needs openssl)', () => {
  let identity: { cert: string; key: string }
  let server: Awaited<ReturnType<typeof serve>>
  let key: string
  let port: number

  beforeAll(async () => {
    identity = makeCertificate(['DNS:gpu-box', 'IP:192.0.2.7', 'DNS:*.lab.example'])
    server = await serve({ ...place, ...identity, host: '0.0.0.0' })
    port = Number(new URL(server.url).port)
    const { search } = new URL(server.url)
    const opened = await get(`/${search}`, { host: `gpu-box:${port}` })
    expect(opened).toMatchObject({ status: 303, server: 'SAIM-Studio' })
    key = opened.location!.split('#key=')[1]!
  })
  afterAll(() => server.close())

  /** GET from this machine, by whatever Host. */
  function get(at: string, headers: Record<string, string> = {}) {
    return new Promise<{ status: number; location?: string; server?: unknown; seen: string }>(
      (resolve, reject) =>
        request(
          { host: '127.0.0.1', port, path: at, headers, rejectUnauthorized: false, agent: false },
          (response) => {
            const { fingerprint256: seen } = (response.socket as TLSSocket).getPeerCertificate()
            const { location, server } = response.headers
            response
              .resume()
              .on('end', () => resolve({ status: response.statusCode!, location, server, seen }))
          },
        )
          .on('error', reject)
          .end(),
    )
  }
  const connect = (headers: Record<string, string>, protocols = ['saim', key]) =>
    new Promise<void>((resolve, reject) => {
      const options = { headers, rejectUnauthorized: false }
      const socket = new WebSocket(`wss://127.0.0.1:${port}/rpc`, protocols, options)
      socket.on('error', reject).on('open', () => {
        socket.close()
        resolve()
      })
    })

  it('prints an address with the name and the fingerprint of the certificate', async () => {
    const { origin, fingerprint } = parseAddress(server.url)
    expect(origin).toBe(`https://gpu-box:${port}`)
    const printed = execFileSync('openssl', [
      'x509',
      '-in',
      identity.cert,
      '-noout',
      '-fingerprint',
      '-sha256',
    ])
    expect(String(printed).trim().split('=')[1]!.replaceAll(':', '').toLowerCase()).toBe(fingerprint)
    const { seen } = await get('/')
    expect(seen.replaceAll(':', '').toLowerCase()).toBe(fingerprint)
  })

  it('prints the name that it was given', async () => {
    const { url, close } = await serve({ ...place, ...identity, host: 'localhost' })
    expect(parseAddress(url).origin).toMatch(/^https:\/\/localhost:\d+$/)
    await close()
  })

  it.each(['gpu-box', '192.0.2.7', '127.0.0.1', 'localhost'])('answers as %s', async (name) => {
    const [host, origin] = [`${name}:${port}`, `https://${name}:${port}`]
    expect((await get('/', { host })).status).toBe(200)
    await connect({ host, origin })
  })

  it.each(['evil.example', 'evil.lab.example', '0.0.0.0', '192.0.2.8', hostname()])(
    'refuses the Host %s, also with the token, so that no name can be pointed here',
    async (name) => {
      const host = `${name}:${port}`
      expect((await get(`/${new URL(server.url).search}`, { host })).status).toBe(403)
      expect((await get('/', { host })).status).toBe(403)
      await expect(connect({ host, origin: `https://${host}` })).rejects.toThrow('403')
    },
  )

  it('refuses another port as Host, a foreign Origin, the own one in the clear, and no token', async () => {
    const host = `gpu-box:${port}`
    expect((await get('/', { host: 'gpu-box' })).status).toBe(403)
    await expect(connect({ host, origin: 'https://evil.example' })).rejects.toThrow('403')
    await expect(connect({ host, origin: `http://${host}` })).rejects.toThrow('403')
    await expect(connect({ host })).rejects.toThrow('403')
    await expect(connect({ host, origin: `https://${host}` }, ['saim'])).rejects.toThrow('403')
    expect((await get('/?token=wrong', { host })).status).toBe(403)
  })

  it('says nothing to who does not speak TLS', async () => {
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
  })

  describe('that is unusable', () => {
    const folder = temporaryFolder()
    const file = (name: string, text: string) => {
      writeFileSync(path.join(folder, name), text)
      return path.join(folder, name)
    }
    const cases: [string, RegExp, () => { cert?: string; key?: string }][] = [
      ['lacks its key', /give both --cert and --key/, () => ({ cert: identity.cert })],
      ['lacks its certificate', /give both/, () => ({ key: identity.key })],
      [
        'is not there',
        /cannot be read: there is no such file/,
        () => ({ ...identity, cert: `${folder}/none.pem` }),
      ],
      ['is no PEM', /no certificate in PEM form/, () => ({ ...identity, cert: file('a.pem', 'Hello') })],
      [
        'is damaged',
        /damaged certificate/,
        () => ({
          ...identity,
          cert: file('b.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
        }),
      ],
      ['has no key for a key', /no private key/, () => ({ ...identity, key: identity.cert })],
      [
        'has a key that asks for a password',
        /no private key without a password/,
        () => {
          const key = path.join(folder, 'locked.pem')
          execFileSync('openssl', ['pkey', '-in', identity.key, '-aes256', '-passout', 'pass:x', '-out', key])
          return { ...identity, key }
        },
      ],
      [
        'has the key of another',
        /not the key of the certificate/,
        () => ({ ...identity, key: makeCertificate(['DNS:other']).key }),
      ],
      ['names no machine', /names no machine/, () => makeCertificate(['DNS:*.lab.example'])],
    ]
    it.each(cases)('says so where it %s', async (_what, message, files) => {
      await expect(serve({ ...place, host: '0.0.0.0', ...files() })).rejects.toThrow(
        refused('certificate-unusable', message),
      )
    })

    const day = 24 * 3600_000
    afterEach(() => void vi.useRealTimers())
    it.each([
      ['has expired', 3 * day, /has expired on/],
      ['is not valid yet', -3 * day, /valid only from/],
    ])('says so where it %s', async (_what, later, message) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + later })
      await expect(serve({ ...place, ...identity })).rejects.toThrow(refused('certificate-unusable', message))
    })
  })
})
