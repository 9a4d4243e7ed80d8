import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { printed } from '#engine/installation'
import { addonSources, builtAddons, kernelSource, sessionHeader, wheelList } from '#platform/paths'
import { startProgram } from '#platform/programs'
import { kernelsBeside } from './addon'
import { fetchWheels, removeWheels, unpackWheels } from './wheels'

/**
 * tfjs-node-gpu's addon and our kernels as native code. A package brings both along, so that nobody needs a compiler to install
 * TensorFlow; a checkout compiles them when it installs.
 */

const compiler = 'g++'

const compiled = (parameters: string[]) =>
  printed(
    compiler,
    startProgram(compiler, parameters, { stdio: ['ignore', 'pipe', 'pipe'] }),
    'Install a C++ compiler, which a checkout needs and a package does not; on Debian and Ubuntu: apt install g++',
  )

export const requireCompiler = () => compiled(['--version'])

/** Sums in any order, whole registers; not -ffast-math, which would change what other code of the process computes. */
const kernelFlags = [
  '-O3',
  '-mprefer-vector-width=512',
  '-fassociative-math',
  '-fno-math-errno',
  '-fno-signed-zeros',
  '-fno-trapping-math',
]

/** Compiles into the folder `target`, against the `libraries` of a wheel and their headers. Kernels are for the CPU only. */
export async function compileAddon({
  gpu,
  libraries,
  target,
}: {
  gpu: boolean
  libraries: string
  target: string
}): Promise<void> {
  const addon = path.join(target, 'tfjs_binding.node')
  const compile = (sources: string[], file: string, flags: string[]) =>
    compiled([
      '-shared', '-fPIC', '-std=c++17', '-w', '-DNAPI_VERSION=8', '-static-libgcc', ...flags,
      `-I${addonSources()}`, `-I${path.join(addonSources(), 'include')}`, `-I${path.join(libraries, 'include')}`,
      ...sources, '-o', file,
      `-L${libraries}`, '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2',
      '-Wl,-rpath,$ORIGIN/../../deps/tensorflow',
    ]) // prettier-ignore
  await mkdir(target, { recursive: true })
  await compile(bindings(), addon, ['-O2', ...(gpu ? [] : ['-include', sessionHeader()])])
  if (!gpu) await compile([kernelSource()], kernelsBeside(addon), kernelFlags)
}

const bindings = () =>
  ['tfjs_backend.cpp', 'tfjs_binding.cpp'].map((file) => path.join(addonSources(), 'binding', file))

/** For a package: compiles for CPUs and for GPUs into out/, where that was not done with these sources. */
export async function compileForPackage(say: (text: string) => void): Promise<void> {
  if ((await builtAddon(false)) && (await builtAddon(true))) return
  const work = await mkdtemp(path.join(tmpdir(), 'saim-addon-'))
  try {
    await requireCompiler()
    // The wheel for GPUs has the same interface, and 3 GB of CUDA.
    await unpackWheels(await fetchWheels(false, 274e6, say), work)
    await rm(builtAddons(), { recursive: true, force: true })
    for (const gpu of [false, true]) {
      say(`Compiling TensorFlow’s addon for ${gpu ? 'GPUs' : 'CPUs'} ...`)
      await compileAddon({ gpu, libraries: path.join(work, 'tensorflow'), target: folderFor(gpu) })
    }
    await writeFile(path.join(builtAddons(), sumFile), await sumOfSources())
    await removeWheels()
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** The folder of what was compiled of these very sources; null where it was not. */
export async function builtAddon(gpu: boolean): Promise<string | null> {
  const built = await readFile(path.join(builtAddons(), sumFile), 'utf8').catch(() => null)
  return built !== null && built === (await sumOfSources()) ? folderFor(gpu) : null
}

const sumFile = 'sources.sha256'
const folderFor = (gpu: boolean) => path.join(builtAddons(), gpu ? 'gpu' : 'cpu')

async function sumOfSources(): Promise<string> {
  const binding = path.join(addonSources(), 'binding')
  const names = (await readdir(binding)).sort().map((name) => path.join(binding, name))
  const hash = createHash('sha256')
  for (const file of [...names, kernelSource(), sessionHeader(), wheelList(false)])
    hash.update(await readFile(file))
  return hash.digest('hex')
}
