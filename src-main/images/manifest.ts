import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { copyFile, open } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import type { Split } from '#shared/contract'
import { AppError } from '#shared/errors'
import { reasonOf } from '#shared/system-errors'
import { linesOf } from '#storage/json-lines'
import { runPaths } from '#storage/run/run-folder'
import type { DatasetIndex } from './index/dataset-index'
import { splitOf, type SplitRule } from './index/split'

/** An image as a run uses it. */
export interface ImageFile {
  /** Relative to the folder, with forward slashes. */
  path: string
  bytes: number
  /** Size in pixels, turned as EXIF says. */
  width: number
  height: number
  class: string | null
  split: Split
}

const splits: Split[] = ['train', 'validation', 'test']

/**
 * Writes the images that a run uses, fixed when it is made: a record (training/record.ts) with an image on each line,
 * so that a million are written and read a line at a time, and its copy. Answers how many images each split has. `chosen` are
 * those of the index, all that may be used where not given.
 */
export async function writeManifest(
  file: string,
  index: DatasetIndex,
  rule: SplitRule,
  chosen = index.usable(),
): Promise<Record<Split, number>> {
  const hasValidationFolder = index.summary().splits.validation > 0
  const counts = { train: 0, validation: 0, test: 0 }
  const checksum = createHash('sha256')
  const stream = createWriteStream(file)
  const write = async (text: string) => {
    checksum.update(text)
    if (!stream.write(text)) await once(stream, 'drain')
  }
  await write('{\n "images": [')
  let separator = '\n'
  for (const images of chosen) {
    const lines = images.map((image) => {
      const split = splitOf(image, rule, hasValidationFolder)
      counts[split]++
      return JSON.stringify({ ...image, split })
    })
    if (lines.length) await write(separator + lines.join(',\n'))
    separator = ',\n'
  }
  await write('\n ]')
  stream.end(`,\n "sha256": "${checksum.digest('hex')}"\n}`)
  await finished(stream)
  await copyFile(file, `${file}.copy`)
  for (const written of [file, `${file}.copy`]) {
    const handle = await open(written, 'r+')
    await handle.sync()
    await handle.close()
  }
  return counts
}

/** Images in columns, about 70 bytes each instead of an object: a run may have more than a million. */
export class Manifest {
  private constructor(
    private readonly paths: Buffer,
    /** Where each path ends in `paths`. */
    private readonly ends: Uint32Array,
    private readonly bytes: Float64Array,
    private readonly widths: Uint32Array,
    private readonly heights: Uint32Array,
    private readonly labels: Int32Array,
    private readonly splits: Uint8Array,
    /** Names of the classes, in the order of the data set. */
    readonly classes: readonly string[],
  ) {}

  /** Reads a run's manifest, its copy where it is damaged. Throws where neither can be read. */
  static async read(file: string): Promise<Manifest> {
    return Manifest.of(imagesOf(file)).catch((error: unknown) =>
      Manifest.of(imagesOf(`${file}.copy`)).catch(() => Promise.reject(error)),
    )
  }

  static async of(images: Iterable<ImageFile> | AsyncIterable<ImageFile>): Promise<Manifest> {
    let paths = Buffer.alloc(1 << 16)
    let end = 0
    const ends: number[] = []
    const [bytes, widths, heights, labels, splitIndices] = [[], [], [], [], []] as number[][]
    const classes = new Map<string, number>()
    for await (const image of images) {
      const name = Buffer.from(image.path)
      if (end + name.length > paths.length) paths = Buffer.concat([paths], 2 * (paths.length + name.length))
      paths.set(name, end)
      ends.push((end += name.length))
      bytes!.push(image.bytes)
      widths!.push(image.width)
      heights!.push(image.height)
      if (image.class !== null && !classes.has(image.class)) classes.set(image.class, classes.size)
      labels!.push(image.class === null ? -1 : classes.get(image.class)!)
      splitIndices!.push(splits.indexOf(image.split))
    }
    return new Manifest(
      paths,
      Uint32Array.from(ends),
      Float64Array.from(bytes!),
      Uint32Array.from(widths!),
      Uint32Array.from(heights!),
      Int32Array.from(labels!),
      Uint8Array.from(splitIndices!),
      [...classes.keys()],
    )
  }

  get length(): number {
    return this.ends.length
  }

  at(index: number): ImageFile {
    const label = this.labels[index]!
    return {
      path: this.paths.toString('utf8', index === 0 ? 0 : this.ends[index - 1]!, this.ends[index]),
      bytes: this.bytes[index]!,
      width: this.widths[index]!,
      height: this.heights[index]!,
      class: label < 0 ? null : this.classes[label]!,
      split: splits[this.splits[index]!]!,
    }
  }

  /** The place of an image's class in `classes`; -1 where it has none. */
  label = (index: number): number => this.labels[index]!

  /** The places of all images of a split. */
  indicesOf(split: Split): Uint32Array {
    const wanted = splits.indexOf(split)
    return Uint32Array.from(this.ends.keys()).filter((index) => this.splits[index] === wanted)
  }
}

/** The images of a run, in the order that its batches are drawn from. */
export async function readImages(folder: string): Promise<Manifest> {
  try {
    return await Manifest.read(runPaths(folder).manifest)
  } catch (error) {
    throw new AppError(
      'run-missing',
      `The run’s list of images cannot be read: ${reasonOf(error)}.`,
      'Start a new run from its weights.',
    )
  }
}

/** By hand, since there may be a million of them. */
function isImage(value: unknown): value is ImageFile {
  const image = value as ImageFile
  const isCount = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0
  return (
    typeof image.path === 'string' &&
    isCount(image.bytes) &&
    isCount(image.width) &&
    isCount(image.height) &&
    (image.class === null || typeof image.class === 'string') &&
    splits.includes(image.split)
  )
}

/** The images of a manifest. Throws where it is not what was written. */
async function* imagesOf(file: string): AsyncGenerator<ImageFile> {
  const checksum = createHash('sha256')
  let before: string | null = null
  for await (const whole of linesOf(file)) {
    const line = whole.endsWith('\r') ? whole.slice(0, -1) : whole // as a program may have changed it that copied it
    const sealed = /^ "sha256": "([0-9a-f]+)"$/.exec(line)
    if (sealed) {
      checksum.update(before!.slice(0, -1)) // without its comma
      if (checksum.digest('hex') === sealed[1]) return
      break
    }
    if (before !== null) checksum.update(`${before}\n`)
    before = line
    if (!line.startsWith('{"')) continue
    const image: unknown = JSON.parse(line.endsWith(',') ? line.slice(0, -1) : line)
    if (!isImage(image)) throw new Error(`${file} is damaged: ${line.slice(0, 200)} is no image`)
    yield image
  }
  throw new Error(`${file} is damaged`)
}
