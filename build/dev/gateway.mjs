import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Lets the pages of vite's dev server reach `saim serve`, whose token changes whenever it starts again. The dev server has a token
 * of its own, which becomes a cookie of the browser that opened its address; only with that cookie are calls handed on, by the
 * token of the backend that runs. All else goes on as it came, and `saim serve` refuses it.
 */
export class Gateway {
  #token = randomBytes(24).toString('base64url')
  #backendToken = ''
  #hasSaidAddress = false

  constructor(origin, backendPort) {
    this.origin = origin
    this.backendPort = backendPort
    this.backend = `http://127.0.0.1:${backendPort}`
    const configure = (proxy) => {
      const sign = (request, incoming) => this.#sign(request, incoming)
      proxy.on('proxyReq', sign).on('proxyReqWs', sign)
    }
    this.proxy = {
      '/rpc': { target: this.backend, ws: true, changeOrigin: true, configure },
      '/files/': { target: this.backend, changeOrigin: true, configure },
    }
    this.plugin = {
      name: 'gateway',
      configureServer: ({ middlewares }) => void middlewares.use((...all) => this.#open(...all)),
    }
  }

  /** What `saim serve` prints: its address, with the token. */
  hear(text) {
    const token = /\?token=([\w-]+)/.exec(text)?.[1]
    if (!token) return
    this.#backendToken = token
    if (!this.#hasSaidAddress) console.log(`SAIM Studio: ${this.origin}/?token=${this.#token}. Ctrl-C ends.`)
    this.#hasSaidAddress = true
  }

  #open(request, response, next) {
    if (new URL(request.url, this.origin).searchParams.get('token') !== this.#token) return next()
    const cookie = `saim-dev=${this.#token}; HttpOnly; SameSite=Strict; Path=/`
    response.writeHead(303, { location: '/', 'set-cookie': cookie, 'referrer-policy': 'no-referrer' }).end()
  }

  #sign(request, { headers }) {
    const isOurs = headers.origin === undefined || headers.origin === this.origin
    if (!isOurs || !headers.cookie?.split('; ').includes(`saim-dev=${this.#token}`)) return
    request.setHeader('cookie', `saim-${this.backendPort}=${this.#backendToken}`)
    if (headers.origin) request.setHeader('origin', this.backend)
  }
}

/** A port that nothing listens at. */
export const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
