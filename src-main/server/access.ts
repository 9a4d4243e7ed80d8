import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/**
 * Who gets in. The token of the printed address gives a page the key, which it keeps for its own origin and shows with every
 * request. There is no cookie: browsers send those to every server of the same machine, whatever its port.
 */
export class Access {
  readonly token = randomBytes(24).toString('base64url')
  /** For the files alone: addresses of images are shown and copied. */
  private readonly fileKey = createHash('sha256').update(this.token).digest('base64url')
  /** What a page is given: for calls, a dot, for files. */
  readonly key = `${this.token}.${this.fileKey}`

  /** `hosts` are the names that this server is reached by; `protocol` is http: or https:. */
  constructor(
    private readonly hosts: Set<string>,
    private readonly protocol: string,
  ) {}

  isToken = (given: string | null): boolean => isSame(given, this.token)
  isFileKey = (given: string | undefined): boolean => isSame(given, this.fileKey)
  isKey = (given: string | undefined): boolean => isSame(given, this.key)

  /** Why a request is refused whatever it shows, or null: it must come by a name of this server and from its own pages. */
  refusal({ host, origin, ...headers }: IncomingHttpHeaders): string | null {
    if (!host || !this.hosts.has(host)) return 'This address is not that of the application.'
    if (origin && origin !== `${this.protocol}//${host}`) return foreign
    const site = headers['sec-fetch-site'] ?? 'none'
    // A person may follow a link to here; a page may load nothing from here.
    const isVisit = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
    return site === 'none' || site === 'same-origin' || isVisit ? null : foreign
  }
}

const foreign = 'Other sites may not use the application.'

/** Compares in constant time. */
function isSame(given: string | null | undefined, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(secret))
}
