import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { temporaryFolder } from './runs'

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0

/** A self-signed certificate of two days, made as docs/remote.md tells. `names` such as DNS:localhost. */
export function makeCertificate(names: string[]): { cert: string; key: string } {
  const folder = temporaryFolder()
  const [cert, key] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')]
  const what = ['-subj', '/CN=saim', '-addext', `subjectAltName=${names.join(',')}`]
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...what]
  execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  return { cert, key }
}
