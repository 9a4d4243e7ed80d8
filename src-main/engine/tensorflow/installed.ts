import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { AppError } from '#shared/errors'
import { enginesFolder } from '#platform/paths'

export const tensorflowFolder = () => path.join(enginesFolder(), 'tensorflow')

const stampSchema = z.object({
  /** Such as `tensorflow-cpu 2.21.0`. */
  version: z.string(),
  /** Whether it is the one for NVIDIA GPUs. */
  gpu: z.boolean().default(false),
  installedAt: z.string(),
  files: z.record(z.string(), z.object({ bytes: z.number(), sha256: z.string() })).default({}),
})
type Stamp = z.infer<typeof stampSchema>

const stampFile = (folder: string) => path.join(folder, 'installed.json')

/** Ends an installation in `folder`: writes down what it is, with the sizes and sums of its files. */
export async function stampInstallation(
  folder: string,
  { version, gpu }: Pick<Stamp, 'version' | 'gpu'>,
): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files: Stamp['files'] = {}
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const file = path.join(entry.parentPath, entry.name)
    files[path.relative(folder, file)] = { bytes: (await stat(file)).size, sha256: await sumOf(file) }
  }
  const stamp: Stamp = { version, gpu, installedAt: new Date().toISOString(), files }
  await writeFile(stampFile(folder), JSON.stringify(stamp))
}

const readStamp = (): Promise<Stamp | null> =>
  readFile(stampFile(tensorflowFolder()), 'utf8').then(
    (text) => stampSchema.parse(JSON.parse(text)),
    () => null,
  )

/** What is installed, such as `tensorflow-cpu 2.21.0`, and what of it is damaged at first sight; null where nothing is. */
export async function installedTensorflow(): Promise<string | null> {
  const stamp = await readStamp()
  return stamp && [stamp.version, ...(await damagedFiles(stamp, 'sizes'))].join(', damaged ')
}

/**
 * Answers what is installed; refuses an installation whose files are not what was installed, by their sizes or, in a second or more, their contents:
 * the system ends a process that runs into the missing end of a library. Throws AppError engine-unavailable.
 */
export async function requireTensorflow(by: 'sizes' | 'contents'): Promise<Stamp> {
  const stamp = await readStamp()
  if (!stamp)
    throw new AppError(
      'engine-unavailable',
      'TensorFlow is not installed.',
      'Install it: saim engines install tensorflow',
    )
  const damaged = await damagedFiles(stamp, by)
  if (damaged.length)
    throw new AppError(
      'engine-unavailable',
      `Files of TensorFlow are missing or damaged: ${damaged.join(', ')}.`,
      'Install it again: saim engines install tensorflow',
    )
  return stamp
}

async function damagedFiles({ files }: Stamp, by: 'sizes' | 'contents'): Promise<string[]> {
  const damaged: string[] = []
  for (const [name, { bytes, sha256 }] of Object.entries(files)) {
    const file = path.join(tensorflowFolder(), name)
    const size = await stat(file).then(
      ({ size }) => size,
      () => null,
    )
    if (size !== bytes || (by === 'contents' && (await sumOf(file)) !== sha256)) damaged.push(name)
  }
  return damaged
}

/** The SHA-256 of a file. */
export async function sumOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}
