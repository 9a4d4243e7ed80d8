import { environment } from '#platform/environment'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '#shared/errors'
import { enginesFolder, neutralFolder } from '#platform/paths'

const provider = 'libonnxruntime_providers_cuda.so'

/**
 * Refuses where onnxruntime could not load its CUDA provider from `folder`: onnxruntime itself only says that it could
 * not. Throws AppError engine-unavailable with the names of the libraries that the system's loader does not find, and
 * where they lie if they do.
 */
export function requireCuda(folder = onnxruntimeFolder()): void {
  if (!existsSync(path.join(folder, provider)))
    throw new AppError(
      'engine-unavailable',
      `onnxruntime’s CUDA library ${provider} is not here; its npm package does not bring it along.`,
      'From a checkout: npm rebuild onnxruntime-node --ignore-scripts=false. Or use WebGPU or TensorFlow, which need no such step.',
    )
  const missing = missingLibraries(path.join(folder, provider))
  if (missing.includes('libcuda.so.1'))
    throw new AppError(
      'engine-unavailable',
      'The NVIDIA driver is not installed: its library libcuda.so.1 is not here.',
      'Install the driver and restart; nvidia-smi shows whether it finds the GPU.',
    )
  if (missing.length === 0) return
  const found = new Set(missing.flatMap((name) => folderOf(name) ?? []))
  throw new AppError(
    'engine-unavailable',
    `The system’s loader does not find these libraries of CUDA: ${missing.join(', ')}.`,
    found.size
      ? `Start with LD_LIBRARY_PATH=${[...found].join(':')}, where they lie.`
      : 'Install CUDA in the version that their names end in, and cuDNN 9, from NVIDIA; or add their folder to LD_LIBRARY_PATH.',
  )
}

/** Where the onnxruntime that this process has loaded lies. */
function onnxruntimeFolder(): string {
  const file = /\S*\/libonnxruntime\.so\S*/.exec(readFileSync('/proc/self/maps', 'utf8'))
  return file ? path.dirname(file[0]) : ''
}

/** What the system's loader would not find for a library. */
function missingLibraries(file: string): string[] {
  const { stdout } = spawnSync('ldd', [file], { encoding: 'utf8', cwd: neutralFolder() })
  return [...(stdout ?? '').matchAll(/(\S+) => not found/g)].map(([, name]) => name!)
}

/** A folder with a library of CUDA in which the loader does not look: NVIDIA's own, or that of an installed TensorFlow. */
function folderOf(library: string): string | undefined {
  const toolkits = readdirSync('/usr/local')
    .filter((name) => name.startsWith('cuda'))
    .map((name) => `/usr/local/${name}`)
  const wheels = path.join(enginesFolder(), 'tensorflow', 'deps', 'nvidia')
  const folders = [
    ...[...environment.cudaRoots(), '/opt/cuda', ...toolkits].flatMap((root) => [
      path.join(root, 'lib64'),
      path.join(root, 'targets', 'x86_64-linux', 'lib'),
    ]),
    ...(existsSync(wheels) ? readdirSync(wheels).map((name) => path.join(wheels, name, 'lib')) : []),
  ]
  return folders.find((folder) => existsSync(path.join(folder, library)))
}
