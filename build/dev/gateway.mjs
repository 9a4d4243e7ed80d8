import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Lets the pages of vite's dev server reach `saim serve`, whose token changes whenever it starts again. The dev server has a token
 * of its own, which gives the page a key as that of `saim serve` does; only with that key are calls and files handed on, by the
 * key of the backend that runs. All else goes on as it came, and `saim serve` refuses it.
 */
export class Gateway {
  #token = randomBytes(24).toString('base64url')
  #backendToken = null
  #hasSaidAddress = false

  constructor(origin, backendPort) {
    this.origin = origin
    this.backendPort = backendPort
    this.backend = `http://127.0.0.1:${backendPort}`
    const configure = (proxy) => {
      const sign = (request, incoming) => this.#sign(request, incoming)
      proxy.on('proxyReq', sign).on('proxyReqWs', sign)
    }
    const rewrite = (address) => {
      const own = `/files/${fileKeyOf(this.#token)}/`
      if (!this.#backendToken || !address.startsWith(own)) return address
      return `/files/${fileKeyOf(this.#backendToken)}/${address.slice(own.length)}`
    }
    this.proxy = {
      '/rpc': { target: this.backend, ws: true, changeOrigin: true, configure },
      '/files/': { target: this.backend, changeOrigin: true, configure, rewrite },
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
    response
      .writeHead(303, { location: `/#key=${keyOf(this.#token)}`, 'referrer-policy': 'no-referrer' })
      .end()
  }

  #sign(request, { headers }) {
    if (headers.origin !== undefined && headers.origin !== this.origin) return
    if (headers.origin) request.setHeader('origin', this.backend)
    const shown = headers['sec-websocket-protocol']
    if (shown === `saim, ${keyOf(this.#token)}` && this.#backendToken)
      request.setHeader('sec-websocket-protocol', `saim, ${keyOf(this.#backendToken)}`)
  }
}

/** As src-main/server/access.ts makes them. */
const fileKeyOf = (token) => createHash('sha256').update(token).digest('base64url')
const keyOf = (token) => `${token}.${fileKeyOf(token)}`

/** A port that nothing listens at. */
export const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
