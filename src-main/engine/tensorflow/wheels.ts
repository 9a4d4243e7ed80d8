import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { bytesOf } from '#shared/format'
import { printed } from '#engine/installation'
import { aside } from '#platform/background'
import { enginesFolder, wheelList } from '#platform/paths'
import { interpreter, pip, startPython } from '#platform/python'
import { sumOf } from './installed'

/** Where wheels lie until an installation is complete, each in a folder that is named by its hash. */
const folder = () => path.join(enginesFolder(), 'wheels')

export const removeWheels = () => rm(folder(), { recursive: true, force: true })

/** The platforms whose wheels work here, for pip. */
const platforms = ['2010', '2014', '_2_17', '_2_27', '_2_28'].map(
  (tag) => `--platform=manylinux${tag}_x86_64`,
)

/**
 * Fetches the wheels of resources/tensorflow by pip, which takes no file of another hash than the list says; `say` hears how
 * many of about `total` bytes are here. Wheels that an interrupted installation fetched are taken as they lie.
 * Throws AppError engine-unavailable.
 */
export async function fetchWheels(
  gpu: boolean,
  total: number,
  say: (text: string) => void,
): Promise<string[]> {
  const lines = (await readFile(wheelList(gpu), 'utf8')).split('\n').filter((line) => /^\w/.test(line))
  const files: string[] = []
  for (const line of lines) {
    const [, name, sha256] = /^(\S+) --hash=sha256:(\w+)$/.exec(line)!
    const place = path.join(folder(), sha256!)
    const tell = async () =>
      say(
        `Downloading ${name!.replace('==', ' ')}: ${bytesOf(Math.min(await bytesBelow(folder()), total), total)}`,
      )
    const told = setInterval(() => aside(tell()), 1_000)
    try {
      files.push((await wheelIn(place, sha256!)) ?? (await fetchWheel(line, place)))
    } finally {
      clearInterval(told)
    }
  }
  return files
}

/** The wheel of a folder; undefined where there is none, or not all of it. */
async function wheelIn(place: string, sha256: string): Promise<string | undefined> {
  const names = await readdir(place).catch(() => [])
  const file = names.find((name) => name.endsWith('.whl'))
  return file && (await sumOf(path.join(place, file))) === sha256 ? path.join(place, file) : undefined
}

async function fetchWheel(line: string, place: string): Promise<string> {
  await rm(place, { recursive: true, force: true })
  const temporary = path.join(place, 'tmp')
  await mkdir(temporary, { recursive: true })
  const list = path.join(place, 'requirements.txt')
  await writeFile(list, line)
  // Any Python's wheel has the same libraries.
  await python(
    pip,
    [
      ...['download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'],
      ...['--python-version=3.11', ...platforms, '--dest', place, '--require-hashes', '--requirement', list],
    ],
    { TMPDIR: temporary },
  )
  await rm(temporary, { recursive: true })
  const name = (await readdir(place)).find((name) => name.endsWith('.whl'))
  return path.join(place, name!)
}

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = entries.map(({ parentPath, name }) =>
    stat(path.join(parentPath, name)).then(
      (info) => (info.isFile() ? info.size : 0),
      () => 0,
    ),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

/** What addon and kernels need of TensorFlow's wheel: two libraries and the headers of their C interface. */
const partsOfWheel = [
  'tensorflow/libtensorflow_cc.so.2',
  'tensorflow/libtensorflow_framework.so.2',
  'tensorflow/include/tensorflow/c/',
  'tensorflow/include/tensorflow/core/common_runtime/next_pluggable_device/c/',
  'tensorflow/include/tensorflow/core/platform/ctstring',
  'tensorflow/include/tsl/platform/platform.h',
  'tensorflow/include/tsl/platform/ctstring',
  'tensorflow/include/xla/tsl/c/',
]

const unpack = `import sys, zipfile
wheel, target, *parts = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(target, [name for name in archive.namelist() if name.startswith(tuple(parts))])`

/** Unpacks what is needed of wheels; TensorFlow's libraries look for those of CUDA in ../nvidia. */
export async function unpackWheels(files: string[], target: string): Promise<void> {
  for (const file of files) {
    const isCuda = path.basename(file).startsWith('nvidia')
    await python(unpack, [file, target, ...(isCuda ? ['nvidia/'] : partsOfWheel)])
  }
}

const python = (code: string, parameters: string[], env: Record<string, string> = {}) =>
  printed(interpreter(), startPython(code, parameters, { env }), advice)

const advice =
  'Install Python with pip (on Debian and Ubuntu: apt install python3-pip), look at the network and the free disk, then install it again: what was loaded is kept.'
