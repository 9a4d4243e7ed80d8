import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type WebSocket, WebSocketServer } from 'ws'
import { printAddress, serverName } from '#shared/address'
import type { Emit } from '#shared/contract'
import { messageLimit } from '#shared/wire'
import { bridge } from '#app/bridge'
import { listen, type Place } from './listen'
import { contentSecurityPolicy, contentTypes, fileFor } from '#app/renderer-files'
import { forkNode } from '#platform/processes'
import { createServices } from '#app/backend'
import { Folders } from '#app/folders'

interface ServeOptions extends Place {
  /** The folders that the browser may see. */
  roots: string[]
}

interface Served {
  /** The address, with the token and the fingerprint of the certificate. */
  url: string
  fingerprint: string | null
  close(): Promise<void>
}

/**
 * The application for browsers and for the application of other machines. Only who knows the random token of the address
 * gets in; it becomes a cookie. Host and Origin are checked, so that no foreign page can reach it by a name that it points here.
 * @throws AppError where the place or its certificate cannot be used.
 */
export async function serve({ roots, ...place }: ServeOptions): Promise<Served> {
  const token = randomBytes(24).toString('base64url')
  const renderers = new Set<Emit>()
  const emit: Emit = (name, payload) => renderers.forEach((send) => send(name, payload))
  const services = createServices({ kind: 'browser', fork: forkNode, folders: new Folders(roots) }, emit)

  const { server, origin, hosts, fingerprint } = await listen(place)
  const { protocol, port } = new URL(origin)
  const cookie = `saim-${port}`
  const attributes = `HttpOnly; SameSite=Strict; Path=/${fingerprint ? '; Secure' : ''}`
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    response.setHeader('server', serverName)
    handle(request, response).catch((error) => {
      console.error(error)
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })

  /** Why a request is refused, or null. */
  function refusal(request: IncomingMessage): string | null {
    const { host, origin: sender } = request.headers
    if (!host || !hosts.has(host)) return 'This address is not that of the application.'
    if (sender && sender !== `${protocol}//${host}`) return 'Other sites may not use the application.'
    if (!sameToken(cookies(request)[cookie], token)) return 'Open the address that the application printed.'
    return null
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin)
    const opened = url.searchParams.get('token')
    const { host } = request.headers
    if (opened && hosts.has(host ?? '') && sameToken(opened, token)) {
      response.writeHead(303, {
        location: '/',
        'set-cookie': `${cookie}=${token}; ${attributes}`,
        'referrer-policy': 'no-referrer',
      })
      return void response.end()
    }
    const reason = refusal(request)
    if (reason) return void response.writeHead(403, { 'content-type': 'text/plain' }).end(reason)
    if (request.method !== 'GET') return void response.writeHead(405).end()
    const file = await fileFor(services, url.pathname)
    const info = file ? await stat(file).catch(() => null) : null
    if (!file || !info?.isFile()) return void response.writeHead(404).end('There is nothing here.')
    response.writeHead(200, {
      'content-type': contentTypes[path.extname(file)] ?? 'application/octet-stream',
      'content-length': info.size,
      'content-security-policy': contentSecurityPolicy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': url.pathname.startsWith('/files/thumbnail/') ? 'private, max-age=60' : 'no-store',
    })
    await pipeline(createReadStream(file), response).catch(() => undefined) // the browser went away
  }

  // What is too long for the bridge is refused by it; what is absurdly long closes the socket.
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 16 * messageLimit })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined) // the browser went away
    const reason = request.url === '/rpc' && request.headers.origin ? refusal(request) : 'No such address.'
    if (reason) return void socket.end(`HTTP/1.1 403 Forbidden\r\n\r\n${reason}`)
    sockets.handleUpgrade(request, socket, head, (webSocket) => connect(webSocket))
  })

  function connect(socket: WebSocket): void {
    const send = bridge(
      {
        post: (text) => socket.readyState === socket.OPEN && socket.send(text),
        on: (listener) => socket.on('message', (data) => listener(String(data))),
      },
      services,
    )
    renderers.add(send)
    socket.on('error', () => undefined) // the socket closes itself
    socket.on('close', () => renderers.delete(send))
  }

  return {
    url: printAddress({ origin, token, fingerprint }),
    fingerprint,
    async close() {
      await services.close()
      for (const socket of sockets.clients) socket.terminate()
      server.close()
    },
  }
}

/** Compares in constant time. */
function sameToken(given: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}

const cookies = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries((headers.cookie ?? '').split('; ').map((pair) => pair.split('=') as [string, string]))
