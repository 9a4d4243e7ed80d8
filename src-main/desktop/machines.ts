import { mkdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { z } from 'zod'
import { type Address, parseAddress } from '#shared/address'
import type { Handlers } from '#shared/contract'
import { dataFolder } from '#platform/paths'
import { writeFileSafely } from '#storage/files'

/** Encrypts by the keychain of the system. */
export interface Vault {
  encrypt(text: string): string
  decrypt(text: string): string
}

const machines = z.array(
  z.object({
    origin: z.string(),
    fingerprint: z.string().nullable(),
    /** Encrypted; null where that was not possible. */
    token: z.string().nullable(),
    usedAt: z.string().nullable().default(null),
  }),
)
type Machine = z.infer<typeof machines>[number]

/** Whether something listens there, within two seconds. */
const reaches = ({ hostname, port, protocol }: URL): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port) || (protocol === 'https:' ? 443 : 80),
      timeout: 2000,
    })
    const answer = (reached: boolean) => {
      socket.destroy()
      resolve(reached)
    }
    socket
      .on('connect', () => answer(true))
      .on('timeout', () => answer(false))
      .on('error', () => answer(false))
  })

/** As many as a person looks through. */
const limit = 8

/** The other machines that were opened, the last one first, in machines.json of the data folder. Tokens are never kept in the clear. */
export class Machines {
  private readonly file = path.join(dataFolder(), 'machines.json')

  /** Without a vault, tokens are not kept at all. */
  constructor(
    private readonly openWindow: (address: Address) => Promise<void>,
    private readonly vault: Vault | null,
  ) {}

  readonly calls: Pick<Handlers, Extract<keyof Handlers, `machines.${string}`>> = {
    'machines.list': () => this.list(),
    'machines.open': async ({ address: text }) => {
      const all = await this.read()
      const known = all.find(({ origin }) => origin === text)
      const address = (known && this.decrypted(known)) ?? parseAddress(text)
      await this.openWindow(address)
      const { origin, fingerprint, token } = address
      const machine = {
        origin,
        fingerprint,
        token: this.vault?.encrypt(token) ?? null,
        usedAt: new Date().toISOString(),
      }
      await this.write([machine, ...all.filter((other) => other.origin !== origin)].slice(0, limit))
      return this.list()
    },
    'machines.reach': async ({ origin }) => {
      const known = (await this.read()).some((machine) => machine.origin === origin)
      return known && reaches(new URL(origin))
    },
    'machines.forget': async ({ origin }) => {
      await this.write((await this.read()).filter((machine) => machine.origin !== origin))
      return this.list()
    },
  }

  private async list() {
    const all = await this.read()
    return all.map((machine) => ({
      origin: machine.origin,
      hasToken: this.decrypted(machine) !== null,
      usedAt: machine.usedAt,
    }))
  }

  private decrypted({ origin, fingerprint, token }: Machine): Address | null {
    try {
      return token && this.vault ? { origin, fingerprint, token: this.vault.decrypt(token) } : null
    } catch {
      return null // another keychain than the one that it was encrypted by
    }
  }

  /** Damage costs no more than pasting addresses again. */
  private async read(): Promise<Machine[]> {
    const text = await readFile(this.file, 'utf8').catch(() => '[]')
    try {
      return machines.parse(JSON.parse(text))
    } catch {
      return []
    }
  }

  private async write(all: Machine[]): Promise<void> {
    await mkdir(dataFolder(), { recursive: true })
    await writeFileSafely(this.file, JSON.stringify(all, null, 2))
  }
}
