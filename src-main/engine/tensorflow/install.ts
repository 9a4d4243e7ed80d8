import type { ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { get, request } from 'node:https'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { AppError } from '#shared/errors'
import { addonSources, kernelSource, sessionHeader, wheelList } from '#platform/paths'
import { hasNvidiaDriver } from '#engine/nvidia'
import { outputOf, startProgram } from '#platform/programs'
import { interpreter, pip, startPython } from '#platform/python'
import { kernelsBeside } from './addon'
import { stampInstallation, tensorflowFolder } from './installed'

/** How TensorFlow will be installed, for a person to agree to. */
export interface InstallPlan {
  source: 'official' | 'wheel'
  gpu: boolean
  /** What is fetched from where, in a sentence. */
  what: string
  downloadBytes: number
  diskBytes: number
  urls: string[]
}

/** Versions that were seen working together. */
const wheelVersion = '2.21.0'
const officialVersion = { addon: '4.22.0', libtensorflow: '2.9.1' }

/** What installing TensorFlow's wheel takes. */
const wheels = {
  cpu: { name: 'tensorflow-cpu', downloadBytes: 274e6, diskBytes: 854e6 },
  gpu: { name: 'tensorflow', downloadBytes: 3.2e9, diskBytes: 5.7e9 },
}

const hasWheel = process.platform === 'linux' && process.arch === 'x64'

/** The TensorFlow that suits this machine, and what it downloads; null where that is not known before it is asked for. */
export function installHere(): Pick<InstallPlan, 'gpu' | 'downloadBytes'> | null {
  if (!hasWheel) return null
  const gpu = hasNvidiaDriver()
  return { gpu, downloadBytes: wheels[gpu ? 'gpu' : 'cpu'].downloadBytes }
}

/**
 * tfjs-node's official binaries where they can be had and fit, else the addon built against TensorFlow's wheel. For GPUs
 * on Linux always the wheel: the official binary is for CUDA 11.2, which knows no GPU of today.
 * Throws AppError engine-unavailable where neither is possible, or no GPU that one is for.
 */
export async function planInstall({ gpu }: { gpu: boolean }): Promise<InstallPlan> {
  if (gpu && process.platform === 'linux' && !hasNvidiaDriver())
    throw new AppError(
      'engine-unavailable',
      'There is no driver of an NVIDIA GPU here, without which TensorFlow for such GPUs computes on the CPU.',
      'Install the driver and restart; nvidia-smi shows whether it finds the GPU. Or install TensorFlow for the CPU.',
    )
  const urls = officialUrls(gpu)
  const sizes = urls && (await Promise.all(urls.map(sizeOf)))
  if (urls && sizes?.every((size) => size !== null)) {
    const downloadBytes = sizes.reduce((a, b) => a! + b!, 0)!
    const what = `libtensorflow ${officialVersion.libtensorflow} and the addon of tfjs-node ${officialVersion.addon}, from storage.googleapis.com`
    return { source: 'official', gpu, what, downloadBytes, diskBytes: 4 * downloadBytes, urls }
  }
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new AppError(
      'engine-unavailable',
      'The official binaries of tfjs-node cannot be had for this system, or not be reached.',
      'Check the network, or use another engine.',
    )
  const [name, downloadBytes, diskBytes] = gpu
    ? ['tensorflow', 3.2e9, 5.7e9]
    : ['tensorflow-cpu', 274e6, 854e6]
  const libraries = gpu ? ' with NVIDIA’s CUDA libraries' : ''
  const what = `the wheel ${name} ${wheelVersion}${libraries}, by pip, which compares hashes; the addon${gpu ? ' is' : ' and kernels are'} then compiled here`
  return { source: 'wheel', gpu, what, downloadBytes, diskBytes, urls: [] }
}

/** Does what the plan says, whole or not at all. `say` hears what happens. */
export async function installTensorflow(plan: InstallPlan, say: (text: string) => void): Promise<void> {
  const work = `${tensorflowFolder()}.${process.pid}.tmp`
  await rm(work, { recursive: true, force: true })
  await mkdir(path.join(work, 'deps'), { recursive: true })
  await mkdir(path.join(work, 'lib', 'napi-v8'), { recursive: true })
  try {
    const version =
      plan.source === 'official'
        ? await installOfficial(plan, work, say)
        : await installWheel(plan, work, say)
    await stampInstallation(work, { version, gpu: plan.gpu })
    await removeTensorflow()
    await rename(work, tensorflowFolder())
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

export const removeTensorflow = () => rm(tensorflowFolder(), { recursive: true, force: true })

// ---- official binaries ---------------------------------------------------------------------------------------

/** libtensorflow and the addon; null where there are none, or none that fit. */
function officialUrls(gpu: boolean): [string, string] | null {
  const system = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[process.platform as 'linux']
  if (!system || process.arch !== 'x64' || (gpu && system !== 'windows')) return null
  const extension = system === 'windows' ? 'zip' : 'tar.gz'
  const kind = gpu ? 'gpu' : 'cpu'
  return [
    `https://storage.googleapis.com/tensorflow/libtensorflow/libtensorflow-${kind}-${system}-x86_64-${officialVersion.libtensorflow}.${extension}`,
    `https://storage.googleapis.com/tf-builds/pre-built-binary/napi-v8/${officialVersion.addon}/${kind.toUpperCase()}-${system}-${officialVersion.addon}.${extension}`,
  ]
}

/** Bytes at an address; null where it cannot be reached. */
function sizeOf(url: string): Promise<number | null> {
  return new Promise((resolve) => {
    const head = request(url, { method: 'HEAD', timeout: 5000 }, ({ statusCode, headers }) =>
      resolve(statusCode === 200 ? Number(headers['content-length']) : null),
    )
    head.on('timeout', () => head.destroy())
    head.on('error', () => resolve(null))
    head.end()
  })
}

async function installOfficial(
  { urls }: InstallPlan,
  work: string,
  say: (text: string) => void,
): Promise<string> {
  const targets = [[path.join(work, 'deps')], [path.join(work, 'lib', 'napi-v8'), '--strip-components=1']]
  for (const [i, url] of urls.entries()) {
    say(`Downloading ${path.basename(url)} ...`)
    const archive = path.join(work, path.basename(url))
    await download(url, archive)
    // bsdtar, which Windows and macOS have, unpacks zip files too.
    await run('tar', ['-xf', archive, '-C', ...targets[i]!])
    await rm(archive)
  }
  if (process.platform === 'win32')
    await rename(
      path.join(work, 'deps', 'lib', 'tensorflow.dll'),
      path.join(work, 'lib', 'napi-v8', 'tensorflow.dll'),
    )
  return `libtensorflow ${officialVersion.libtensorflow}`
}

const download = (url: string, file: string): Promise<void> =>
  new Promise((resolve, reject) =>
    get(url, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url} answers ${response.statusCode}.`))
      else pipeline(response, createWriteStream(file)).then(resolve, reject)
    }).on('error', reject),
  )

// ---- the wheel -----------------------------------------------------------------------------------------------

/** What addon and kernels need of the wheel: two libraries and the headers of their C interface. */
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

async function installWheel(
  { gpu }: InstallPlan,
  work: string,
  say: (text: string) => void,
): Promise<string> {
  await run(compiler, ['--version'])
  const deps = path.join(work, 'deps')
  const wheels = path.join(work, 'wheels')
  const name = gpu ? 'tensorflow' : 'tensorflow-cpu'
  say(`Downloading ${name} ${wheelVersion}${gpu ? ' and the CUDA libraries' : ''} ...`)
  // Any Python's wheel has the same libraries. pip takes no file of another hash than the list says.
  await python(pip, [
    'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:',
    '--python-version=3.11', ...['2010', '2014', '_2_17', '_2_27', '_2_28'].map((tag) => `--platform=manylinux${tag}_x86_64`),
    '--dest', wheels, '--require-hashes', '--requirement', wheelList(gpu),
  ]) // prettier-ignore
  say('Unpacking the libraries in it ...')
  // TensorFlow's libraries look for CUDA in ../nvidia.
  for (const file of await readdir(wheels))
    await python(unpack, [
      path.join(wheels, file),
      deps,
      ...(file.startsWith('nvidia') ? ['nvidia/'] : partsOfWheel),
    ])
  await rm(wheels, { recursive: true })
  const libraries = path.join(deps, 'tensorflow')
  const addon = path.join(work, 'lib', 'napi-v8', 'tfjs_binding.node')
  const compile = (sources: string[], target: string, flags: string[]) =>
    run(compiler, [
      '-shared', '-fPIC', '-std=c++17', '-w', '-DNAPI_VERSION=8', ...flags,
      `-I${addonSources()}`, `-I${path.join(addonSources(), 'include')}`, `-I${path.join(libraries, 'include')}`,
      ...sources, '-o', target,
      `-L${libraries}`, '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2',
      '-Wl,-rpath,$ORIGIN/../../deps/tensorflow',
    ]) // prettier-ignore
  say('Compiling the addon ...')
  const binding = ['tfjs_backend.cpp', 'tfjs_binding.cpp'].map((file) =>
    path.join(addonSources(), 'binding', file),
  )
  await compile(binding, addon, ['-O2', ...(gpu ? [] : ['-include', sessionHeader()])])
  if (!gpu) {
    say('Compiling the kernels ...')
    await compile([kernelSource()], kernelsBeside(addon), kernelFlags)
  }
  await rm(path.join(libraries, 'include'), { recursive: true })
  return `${name} ${wheelVersion}`
}

/** Sums in any order, whole registers; not -ffast-math, which would change what other code of the process computes. */
const kernelFlags = [
  '-O3',
  '-mprefer-vector-width=512',
  '-fassociative-math',
  '-fno-math-errno',
  '-fno-signed-zeros',
  '-fno-trapping-math',
]

const compiler = 'g++'

const run = (program: string, parameters: string[]) =>
  printed(program, startProgram(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] }))

const python = (code: string, parameters: string[]) => printed(interpreter(), startPython(code, parameters))

/** What a program prints. Throws AppError engine-unavailable with the end of what it complains. */
async function printed(program: string, child: ChildProcess): Promise<string> {
  const { code, output, errors } = await outputOf(child).catch(() => {
    throw missing(program)
  })
  if (code === 0) return output.toString()
  const advice = `What ${program} said: ${errors.slice(-2000).trim()}`
  throw new AppError('engine-unavailable', `${program} ended with code ${code}.`, advice)
}

const missing = (program: string) =>
  new AppError(
    'engine-unavailable',
    `${program} is needed to install TensorFlow, and is not here.`,
    'Install a C++ compiler and Python with pip; on Debian and Ubuntu: apt install g++ python3-pip',
  )
