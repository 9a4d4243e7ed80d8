import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { AppError } from '#shared/errors'
import { dataFolder } from '#platform/paths'
import { writeFileSafely } from '#storage/files'

/**
 * The addresses of Ray clusters that somebody chose on this machine, in clusters.json of the data folder. What connects to a
 * cluster runs what that cluster sends, and the folder of a run may come from anybody.
 */
const file = () => path.join(dataFolder(), 'clusters.json')

/** Keeps that somebody chose the cluster of an address; null is this machine. */
export async function agreeToCluster(address: string | null | undefined): Promise<void> {
  if (!address) return
  const agreed = await read()
  if (agreed.includes(address)) return
  await mkdir(dataFolder(), { recursive: true })
  await writeFileSafely(file(), JSON.stringify([...agreed, address], null, 2))
}

/** Throws AppError cluster-unknown where nobody here chose the cluster of an address. */
export async function requireAgreement(address: string | null | undefined): Promise<void> {
  if (!address || (await read()).includes(address)) return
  throw new AppError(
    'cluster-unknown',
    `This run asks to connect to the Ray cluster at ${address}, which nobody chose on this machine.`,
    'A cluster can run programs here. If you trust it, name it: saim cluster <run> --address <address>. Or resume the run with --engine, on this machine.',
  )
}

/** Damage costs no more than to be asked again. */
const read = (): Promise<string[]> =>
  readFile(file(), 'utf8')
    .then((text) => z.array(z.string()).parse(JSON.parse(text)))
    .catch(() => [])
