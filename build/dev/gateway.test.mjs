import { EventEmitter } from 'node:events'
import { expect, it, vi } from 'vitest'
import { Gateway } from './gateway.mjs'

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

it("hands calls on by the backend's token where they bring the dev server's, also after the backend started again", () => {
  const { gateway, token, handOn } = opened()
  const headers = { origin, cookie: `a=b; saim-dev=${token}` }
  expect(handOn(headers)).toEqual({ origin: 'http://127.0.0.1:6000', cookie: 'saim-6000=secret' })
  gateway.hear('SAIM Studio: http://127.0.0.1:6000/?token=another\n')
  expect(handOn(headers)).toMatchObject({ cookie: 'saim-6000=another' })
})

it('leaves calls of other sites and those without the token for the backend to refuse', () => {
  const { token, handOn } = opened()
  for (const headers of [
    { origin: 'https://evil.example', cookie: `saim-dev=${token}` },
    { origin, cookie: 'saim-dev=guessed' },
    { origin, cookie: `saim-dev=${token}x` },
    { origin },
  ])
    expect(handOn(headers)).toEqual(headers)
})

it('turns the token of the address into a cookie that pages cannot read', () => {
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
    { location: '/', 'set-cookie': `saim-dev=${token}; HttpOnly; SameSite=Strict; Path=/` },
  ])
})
