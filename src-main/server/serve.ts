import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type WebSocket, WebSocketServer } from 'ws'
import { printAddress, serverName } from '#shared/address'
import type { Emit } from '#shared/contract'
import { messageLimit, protocol } from '#shared/wire'
import { bridge } from '#app/bridge'
import { Access } from './access'
import { flowing } from './flow'
import { listen, type Place } from './listen'
import { packed } from './packed'
import { contentSecurityPolicy, contentTypes, fileFor } from '#app/renderer-files'
import { confineImages } from '#platform/roots'
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
 * The application for browsers and for the application of other machines. Pages are for everyone; calls and files need what
 * the token of the address gives (access.ts). Host, Origin and Sec-Fetch-Site are checked, so that no foreign page can reach it by
 * a name that it points here.
 * @throws AppError where the place or its certificate cannot be used.
 */
export async function serve({ roots, ...place }: ServeOptions): Promise<Served> {
  confineImages(roots)
  const renderers = new Set<Emit>()
  const emit: Emit = (name, payload) => renderers.forEach((send) => send(name, payload))
  const services = createServices({ kind: 'browser', fork: forkNode, folders: new Folders(roots) }, emit)

  const { server, origin, hosts, fingerprint } = await listen(place)
  const access = new Access(hosts, new URL(origin).protocol)
  server.setTimeout(idleLimit)
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of Object.entries(headersOfAll)) response.setHeader(name, value)
    handle(request, response).catch((error) => {
      console.error(error)
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = (status: number, reason: string) =>
      void response.writeHead(status, { 'content-type': 'text/plain' }).end(reason)
    const reason = access.refusal(request.headers)
    if (reason) return refuse(403, reason)
    if (request.method !== 'GET') return refuse(405, 'This cannot be done.')
    const url = addressed(request.url, origin)
    if (!url) return refuse(400, 'This is not an address.')
    const token = url.searchParams.get('token')
    if (token !== null) {
      if (!access.isToken(token)) return refuse(403, lockedOut)
      return void response.writeHead(303, { location: `/#key=${access.key}` }).end()
    }
    const [, first, key, ...rest] = url.pathname.split('/')
    if (first === 'files' && !access.isFileKey(key)) return refuse(403, lockedOut)
    const file = await fileFor(services, first === 'files' ? `/files/${rest.join('/')}` : url.pathname)
    const info = file ? await stat(file).catch(() => null) : null
    if (!file || !info?.isFile()) return refuse(404, 'There is nothing here.')
    const type = contentTypes[path.extname(file)] ?? 'application/octet-stream'
    response.setHeader('content-type', type)
    if (first === 'files') {
      response.setHeader('cache-control', rest[0] === 'thumbnail' ? 'private, max-age=60' : 'no-store')
      response.writeHead(200, { 'content-length': info.size })
      await pipeline(createReadStream(file), response).catch(() => undefined) // the browser went away
      return
    }
    // The name of an asset changes with what it holds.
    response.setHeader(
      'cache-control',
      first === 'assets' ? 'public, max-age=31536000, immutable' : 'no-store',
    )
    const { encoding, contents } = await packed(file, type, request.headers['accept-encoding'])
    if (encoding) response.setHeader('content-encoding', encoding)
    response.writeHead(200, { vary: 'accept-encoding', 'content-length': contents.length }).end(contents)
  }

  // What is too long for the bridge is refused by it; what is absurdly long closes the socket.
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: 16 * messageLimit,
    handleProtocols: () => protocol,
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined) // the browser went away
    const reason = socketRefusal(request)
    if (reason) return void socket.end(`HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n${reason}`)
    sockets.handleUpgrade(request, socket, head, (webSocket) => connect(webSocket))
  })

  /** A page names the protocol and its key, since it can send no header of its own. */
  function socketRefusal({ url, headers }: IncomingMessage): string | null {
    if (url !== '/rpc' || !headers.origin) return 'No such address.'
    const [named, key] = (headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/)
    return access.refusal(headers) ?? (named === protocol && access.isKey(key) ? null : lockedOut)
  }

  function connect(socket: WebSocket): void {
    const send = bridge(flowing(socket), services)
    renderers.add(send)
    socket.on('error', () => undefined) // the socket closes itself
    socket.on('close', () => renderers.delete(send))
  }

  return {
    url: printAddress({ origin, token: access.token, fingerprint }),
    fingerprint,
    async close() {
      await services.close()
      for (const socket of sockets.clients) socket.terminate()
      server.close()
      server.closeAllConnections()
    },
  }
}

const lockedOut = 'Open the address that the application printed.'

/** Connections on which nothing moves for so long are closed, in milliseconds. */
const idleLimit = 120_000

/** No other page may show, load or read what is here. */
const headersOfAll = {
  server: serverName,
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

/** The address of a request, or null where it is none. */
function addressed(url = '/', origin: string): URL | null {
  try {
    return url.startsWith('/') ? new URL(origin + url) : null
  } catch {
    return null
  }
}
