import { createPrivateKey, X509Certificate } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import { fingerprintOf, isLoopback } from '#shared/address'
import { AppError } from '#shared/errors'
import { reasonOf } from '#shared/system-errors'

/** Where `saim serve` listens. */
export interface Place {
  /** A name or address of this machine; 0.0.0.0 or :: is all of its addresses. */
  host: string
  /** 0 takes any free port. */
  port: number
  /** Files in PEM form. With them it listens by TLS, without them on this machine only. */
  cert?: string
  key?: string
}

interface Listening {
  server: Server
  /** Where others find it, such as https://gpu-box:7001. */
  origin: string
  /** What the Host of a request may be: this machine, `host`, and the names in the certificate. */
  hosts: Set<string>
  /** SHA-256 of the certificate, 64 hexadecimal digits; null without TLS. */
  fingerprint: string | null
}

/** @throws AppError `address-unusable` or `certificate-unusable` */
export async function listen({ host, port, cert, key }: Place): Promise<Listening> {
  const { address } = await lookup(host).catch((error) => {
    throw new AppError('address-unusable', `There is no address "${host}": ${error.message}.`, places)
  })
  const identity = cert || key ? await readIdentity(cert, key, host) : null
  if (!identity && !isLoopback(address)) throw unprotected(host)

  const isAll = address === '0.0.0.0' || address === '::'
  const names = [...(isAll ? [] : [host]), ...(identity?.names ?? [])]
  if (names.length === 0)
    throw new AppError(
      'certificate-unusable',
      `The certificate ${cert} names no machine, so nobody could be told where to find this one.`,
      `Give --host a name instead of ${host}, or make one that has names: ${recipe(hostname())}`,
    )

  const server = identity ? createTlsServer(identity) : createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, resolve)
  }).catch((error) => {
    throw new AppError('address-unusable', `It cannot listen at ${host}: ${reasonOf(error)}.`, places)
  })
  // As URLs write it: without the port where that is the usual one.
  const at = (name: string) =>
    new URL(
      `${identity ? 'https' : 'http'}://${isIPv6(name) ? `[${name}]` : name}:${(server.address() as AddressInfo).port}`,
    )
  return {
    server,
    origin: at(names[0]!).origin,
    hosts: new Set([...names, '127.0.0.1', 'localhost', '::1'].map((name) => at(name).host)),
    fingerprint: identity?.fingerprint ?? null,
  }
}

interface Identity {
  cert: Buffer
  key: Buffer
  fingerprint: string
  /** The machines that the certificate names one by one. */
  names: string[]
}

async function readIdentity(
  cert: string | undefined,
  key: string | undefined,
  host: string,
): Promise<Identity> {
  const refuse = (message: string): never => {
    throw new AppError('certificate-unusable', message, `Both files are made by: ${recipe(host)}`)
  }
  if (!cert || !key) return refuse('A certificate needs its private key: give both --cert and --key.')
  const [certPem, keyPem] = await Promise.all(
    [cert, key].map((file) =>
      readFile(file).catch((error) => refuse(`${file} cannot be read: ${reasonOf(error)}.`)),
    ),
  )
  const attempt = <T>(read: () => T, message: string): T => {
    try {
      return read()
    } catch (error) {
      return refuse(`${message}: ${(error as Error).message}.`)
    }
  }
  if (!certPem!.includes('-----BEGIN CERTIFICATE-----')) refuse(`${cert} is no certificate in PEM form.`)
  const certificate = attempt(() => new X509Certificate(certPem!), `${cert} is a damaged certificate`)
  const privateKey = attempt(() => createPrivateKey(keyPem!), `${key} is no private key without a password`)
  if (!certificate.checkPrivateKey(privateKey)) refuse(`${key} is not the key of the certificate ${cert}.`)
  if (Date.parse(certificate.validTo) < Date.now())
    refuse(`The certificate ${cert} has expired on ${certificate.validTo}.`)
  if (Date.parse(certificate.validFrom) > Date.now())
    refuse(`The certificate ${cert} is valid only from ${certificate.validFrom} on.`)
  return {
    cert: certPem!,
    key: keyPem!,
    fingerprint: fingerprintOf(certificate),
    names: [...(certificate.subjectAltName ?? '').matchAll(/\b(?:DNS|IP Address):([\w.:-]+)(?=,|$)/g)].map(
      ([, name]) => name!,
    ),
  }
}

const places =
  'Give --host a name or address of this machine (0.0.0.0 for all of them) and --port a number that is free, or 0.'

const unprotected = (host: string) =>
  new AppError(
    'certificate-unusable',
    `At ${host} everyone on the network could read along, so it listens there with a certificate only.`,
    `Give --cert and --key, which are made by: ${recipe(host)}
Or leave --host out and come through an SSH tunnel: ssh -L 7001:127.0.0.1:7001 me@${hostname()}, with --port 7001.`,
  )

/** The command that makes a certificate for a host. */
function recipe(host: string): string {
  const name = host === '0.0.0.0' || host === '::' ? hostname() : host
  const kind = isIPv6(name) || /^[\d.]+$/.test(name) ? 'IP' : 'DNS'
  return `openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj /CN=saim -addext subjectAltName=${kind}:${name} -keyout key.pem -out cert.pem`
}
