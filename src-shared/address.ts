import { AppError } from './errors'

/** What `saim serve` prints and the application on another machine opens: https://gpu-box:7001/?token=…#sha256=… */
export interface Address {
  /** Such as https://gpu-box:7001. */
  origin: string
  /** Whoever has it has access. */
  token: string
  /**
   * SHA-256 of the server's certificate, 64 hexadecimal digits. It follows the #, so browsers never send it. Null for http
   * and for certificates that every machine trusts.
   */
  fingerprint: string | null
}

/** The name of our server in its responses. */
export const serverName = 'SAIM-Studio'

/** The fingerprint of a certificate as it is written in addresses. */
export const fingerprintOf = (certificate: { fingerprint256: string }) =>
  certificate.fingerprint256.replaceAll(':', '').toLowerCase()

/** Whether a host, as written in addresses, is this machine, so that nobody can eavesdrop on the way. */
export const isLoopback = (host: string) => /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/.test(host)

export const printAddress = ({ origin, token, fingerprint }: Address) =>
  `${origin}/?token=${token}${fingerprint ? `#sha256=${fingerprint}` : ''}`

/**
 * Finds the address in text copied from a terminal.
 * @throws AppError `address-unusable` if there is none, it lacks its token, is cut off, or would send the token in the clear.
 */
export function parseAddress(text: string): Address {
  const url = urlIn(text) ?? refuse('This is not an address.')
  if (url.username || url.password) refuse('An address of SAIM Studio has no user name.')
  const token = url.searchParams.get('token') ?? ''
  if (!/^[\w-]+$/.test(token)) refuse('The address has no token.')
  const fingerprint = new URLSearchParams(url.hash.slice(1)).get('sha256')
  if (fingerprint !== null && !/^[\da-f]{64}$/i.test(fingerprint))
    refuse('The certificate fingerprint is incomplete.')
  if (url.protocol === 'http:' && (fingerprint || !isLoopback(url.hostname)))
    refuse(
      'Anyone on the network could read what is sent to this address.',
      'Serve it with a certificate, so that it starts with https, or use an SSH tunnel (docs/remote.md).',
    )
  return { origin: url.origin, token, fingerprint: fingerprint?.toLowerCase() ?? null }
}

function urlIn(text: string): URL | null {
  try {
    return new URL(/https?:\/\/\S+/i.exec(text)?.[0] ?? '')
  } catch {
    return null
  }
}

function refuse(message: string, advice = 'Copy the whole address that `saim serve` printed.'): never {
  throw new AppError('address-unusable', message, advice)
}
