import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { expect, it, vi } from 'vitest'
import { Gateway } from './gateway.mjs'

const fileKeyOf = (token) => createHash('sha256').update(token).digest('base64url')
const keyOf = (token) => `saim, ${token}.${fileKeyOf(token)}`

const origin = 'http://127.0.0.1:5000'

/** A dev server's gateway to a backend at port 6000 whose token is "secret", and the headers that it hands on. */
function opened() {
  const said = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  const gateway = new Gateway(origin, 6000)
  gateway.hear('SAIM Studio: http://127.0.0.1:6000/?token=secret\n')
  const token = /token=([\w-]+)/.exec(said.mock.calls[0][0])[1]
  said.mockRestore()
  const proxy = new EventEmitter()
  gateway.proxy['/rpc'].configure(proxy)
  const handOn = (headers) => {
    const handed = new Map(Object.entries(headers))
    proxy.emit('proxyReqWs', { setHeader: (name, value) => handed.set(name, value) }, { headers })
    return Object.fromEntries(handed)
  }
  return { gateway, token, handOn }
}

it("hands calls on by the backend's key where they bring the dev server's, also after the backend started again", () => {
  const { gateway, token, handOn } = opened()
  const headers = { origin, 'sec-websocket-protocol': keyOf(token) }
  expect(handOn(headers)).toEqual({
    origin: 'http://127.0.0.1:6000',
    'sec-websocket-protocol': keyOf('secret'),
  })
  gateway.hear('SAIM Studio: http://127.0.0.1:6000/?token=another\n')
  expect(handOn(headers)).toMatchObject({ 'sec-websocket-protocol': keyOf('another') })
})

it('hands files on by the key for files', () => {
  const { gateway, token } = opened()
  const { rewrite } = gateway.proxy['/files/']
  expect(rewrite(`/files/${fileKeyOf(token)}/thumbnail/d/1`)).toBe(
    `/files/${fileKeyOf('secret')}/thumbnail/d/1`,
  )
  for (const address of ['/files/guessed/thumbnail/d/1', '/files/thumbnail/d/1'])
    expect(rewrite(address)).toBe(address)
})

it('leaves calls of other sites and those without the key for the backend to refuse', () => {
  const { token, handOn } = opened()
  const foreign = { origin: 'https://evil.example', 'sec-websocket-protocol': keyOf(token) }
  expect(handOn(foreign)).toEqual(foreign)
  for (const shown of [keyOf('guessed'), `${keyOf(token)}x`, 'saim', undefined])
    expect(handOn({ origin, 'sec-websocket-protocol': shown })['sec-websocket-protocol']).toBe(shown)
})

it('turns the token of the address into the key of the page, which no server is sent', () => {
  const { gateway, token } = opened()
  let open
  gateway.plugin.configureServer({ middlewares: { use: (handler) => (open = handler) } })
  const response = { end: vi.fn(), writeHead: vi.fn().mockReturnThis() }
  const next = vi.fn()
  open({ url: '/?token=guessed' }, response, next)
  expect(next).toHaveBeenCalledOnce()
  expect(response.writeHead).not.toHaveBeenCalled()
  open({ url: `/?token=${token}` }, response, next)
  expect(response.writeHead.mock.calls[0]).toMatchObject([
    303,
    { location: `/#key=${token}.${fileKeyOf(token)}` },
  ])
})
