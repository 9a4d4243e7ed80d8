import { BrowserWindow, dialog, net, type Session, session } from 'electron'
import { X509Certificate } from 'node:crypto'
import { type Address, fingerprintOf, printAddress, serverName } from '#shared/address'
import { AppError } from '#shared/errors'
import { aside } from '#platform/background'
import { confineSession, pagePreferences, showsMachine } from './confine'

/** How long a machine may take to answer. */
const patience = 15_000
let opened = 0

/**
 * Opens a window of what another machine serves. Its pages have a session of their own, which is forgotten with the window, and
 * nothing of this machine.
 * @throws AppError `machine-unreachable`, `machine-refused` or `certificate-untrusted`; no window is opened then
 */
export async function openMachine(address: Address): Promise<void> {
  const { origin } = address
  const { host } = new URL(origin)
  const own = session.fromPartition(`machine-${++opened}`)
  confineSession(own, [`${origin}/`, `${origin.replace('http', 'ws')}/`])
  await knock(own, address, trustOnly(own, address.fingerprint))

  const window = new BrowserWindow({
    width: 1280,
    height: 820,
    minWidth: 1024,
    minHeight: 700,
    title: `SAIM Studio on ${host}`,
    webPreferences: { ...pagePreferences, session: own },
  })
  const { webContents } = window
  showsMachine(webContents, origin)
  window.on('page-title-updated', (event) => event.preventDefault())
  window.on('closed', () => aside(own.clearStorageData()))
  webContents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp') // which no request handler sees
  webContents.on('will-prevent-unload', (event) => event.preventDefault()) // no page keeps its window open
  webContents.on('did-fail-load', (_event, code, name, _url, isMainFrame) => {
    const aborted = code === -3
    if (!isMainFrame || aborted) return
    const { message, advice: detail } = unreachable(host, name)
    aside(dialog.showMessageBox(window, { type: 'error', message, detail }).then(() => window.destroy()))
  })
  window.loadURL(printAddress(address)).catch(() => undefined) // said above
}

/**
 * Trusts the one certificate, whoever signed it; without a fingerprint, those that this machine trusts anyway. Answers what
 * tells the fingerprint of a certificate that was refused.
 */
function trustOnly(own: Session, fingerprint: string | null): () => string | null {
  let refused: string | null = null
  own.setCertificateVerifyProc(({ certificate }, answer) => {
    const [accept, reject, asAnyBrowser] = [0, -2, -3]
    if (fingerprint === null) return answer(asAnyBrowser)
    const shown = fingerprintOf(new X509Certificate(certificate.data))
    if (shown !== fingerprint) refused = shown
    answer(shown === fingerprint ? accept : reject)
  })
  return () => refused
}

/** Shows the token before a window opens, so that what is wrong is said where the person asked. */
function knock(own: Session, address: Address, refused: () => string | null): Promise<void> {
  const { host } = new URL(address.origin)
  return new Promise((resolve, reject) => {
    const request = net.request({
      url: printAddress({ ...address, fingerprint: null }),
      session: own,
      redirect: 'manual',
      useSessionCookies: true,
    })
    const timer = setTimeout(() => {
      reject(unreachable(host, 'it did not answer'))
      request.abort()
    }, patience)
    const settle = (status: number, headers: Record<string, string | string[]>) => {
      if (![headers['server']].flat().includes(serverName)) reject(stranger(host))
      else if (status === 303) resolve()
      else reject(locked(host))
    }
    request.on('redirect', (status, _method, _url, headers) => settle(status, headers))
    request.on('response', ({ statusCode, headers }) => {
      settle(statusCode, headers)
      request.abort()
    })
    request.on('error', ({ message }) =>
      reject(
        refused() || message.includes('ERR_CERT') ? untrusted(host, refused()) : unreachable(host, message),
      ),
    )
    request.on('close', () => clearTimeout(timer))
    request.end()
  })
}

const unreachable = (host: string, reason: string) =>
  new AppError(
    'machine-unreachable',
    `${host} cannot be reached: ${reason.replace('net::', '')}.`,
    'See that `saim serve` still runs there, that the SSH tunnel is open, and that no firewall is between.',
  )

const stranger = (host: string) =>
  new AppError(
    'machine-unreachable',
    `Something answers at ${host}, but it is not SAIM Studio.`,
    'Copy the whole address that `saim serve` printed; with an SSH tunnel, both ports must be the same.',
  )

const locked = (host: string) =>
  new AppError(
    'machine-refused',
    `${host} does not let this address in.`,
    'Copy the address that `saim serve` printed at its last start: each start has a new token, and it answers to its own names only.',
  )

const untrusted = (host: string, shown: string | null) =>
  new AppError(
    'certificate-untrusted',
    shown
      ? `${host} shows another certificate than the one of the address: SHA-256 ${shown}.`
      : `The certificate of ${host} is not one that this machine trusts.`,
    shown
      ? 'If `saim serve` was started with a new certificate, copy the address that it printed. Otherwise somebody may stand in between: do not connect.'
      : 'Copy the whole address that `saim serve` printed, with its fingerprint behind the #.',
  )
