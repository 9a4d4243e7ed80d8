import { createWriteStream } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { get, request } from 'node:https'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { AppError } from '#shared/errors'
import { type Installation, type InstallPlan, printed } from '#engine/installation'
import { hasNvidiaDriver } from '#engine/nvidia'
import { startProgram } from '#platform/programs'
import { builtAddon, compileAddon, requireCompiler } from './compile'
import { stampInstallation, tensorflowFolder } from './installed'
import { fetchWheels, removeWheels, unpackWheels } from './wheels'

/** How TensorFlow will be installed, for a person to agree to. */
interface TensorflowPlan extends InstallPlan {
  source: 'official' | 'wheel'
  gpu: boolean
  urls: string[]
}

/** Versions that were seen working together. */
const wheelVersion = '2.21.0'
const officialVersion = { addon: '4.22.0', libtensorflow: '2.9.1' }

/** What installing a wheel of TensorFlow takes. */
const wheels = {
  cpu: { name: 'tensorflow-cpu', downloadBytes: 274e6, diskBytes: 854e6 },
  gpu: { name: 'tensorflow', downloadBytes: 3.2e9, diskBytes: 5.7e9 },
}

const hasWheel = process.platform === 'linux' && process.arch === 'x64'

/** The TensorFlow that suits this machine, and what it downloads; null where that is not known before it is asked for. */
export function installHere(): ReturnType<Installation['here']> {
  if (!hasWheel) return null
  const gpu = hasNvidiaDriver()
  return { gpu, downloadBytes: wheels[gpu ? 'gpu' : 'cpu'].downloadBytes }
}

/**
 * TensorFlow's wheel where one fits, with the addon and kernels that the application brings along or, in a checkout, compiles; else
 * tfjs-node-gpu's official binaries. Throws AppError engine-unavailable where neither is possible, or no GPU that one is for.
 */
export async function planInstall({ gpu }: { gpu: boolean }): Promise<TensorflowPlan> {
  if (gpu && process.platform === 'linux' && !hasNvidiaDriver())
    throw new AppError(
      'engine-unavailable',
      'There is no driver of an NVIDIA GPU here, without which TensorFlow for such GPUs computes on the CPU.',
      'Install the driver and restart; nvidia-smi shows whether it finds the GPU. Or install TensorFlow for the CPU.',
    )
  if (hasWheel) {
    const { name, downloadBytes, diskBytes } = wheels[gpu ? 'gpu' : 'cpu']
    const libraries = gpu ? ' with NVIDIA’s CUDA libraries' : ''
    const addon = (await builtAddon(gpu)) ? 'come with SAIM Studio' : 'are compiled here'
    const what = `the wheel ${name} ${wheelVersion}${libraries}, by pip, which compares hashes; addon and kernels ${addon}`
    return { source: 'wheel', gpu, what, downloadBytes, diskBytes, urls: [] }
  }
  const urls = officialUrls(gpu)
  const sizes = urls && (await Promise.all(urls.map(sizeOf)))
  if (!urls || !sizes?.every((size) => size !== null))
    throw new AppError(
      'engine-unavailable',
      'The official binaries of tfjs-node-gpu cannot be had for this system, or not be reached.',
      'Check the network, or use another engine.',
    )
  const downloadBytes = sizes.reduce((a, b) => a! + b!, 0)!
  const needs = gpu ? ', which need CUDA 11.2 and cuDNN 8.1 on this computer' : ''
  const what = `libtensorflow ${officialVersion.libtensorflow} and the addon of tfjs-node ${officialVersion.addon} from storage.googleapis.com${needs}; their hashes are not known beforehand`
  return { source: 'official', gpu, what, downloadBytes, diskBytes: 4 * downloadBytes, urls }
}

/** Does what the plan says, whole or not at all. `say` hears what happens. */
export async function installTensorflow(plan: TensorflowPlan, say: (text: string) => void): Promise<void> {
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
    await rm(tensorflowFolder(), { recursive: true, force: true })
    await rename(work, tensorflowFolder())
    await removeWheels()
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

export async function removeTensorflow(): Promise<void> {
  await rm(tensorflowFolder(), { recursive: true, force: true })
  await removeWheels()
}

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
  { urls }: TensorflowPlan,
  work: string,
  say: (text: string) => void,
): Promise<string> {
  const targets = [[path.join(work, 'deps')], [path.join(work, 'lib', 'napi-v8'), '--strip-components=1']]
  for (const [i, url] of urls.entries()) {
    say(`Downloading ${path.basename(url)} ...`)
    const archive = path.join(work, path.basename(url))
    await download(url, archive)
    // bsdtar, which Windows and macOS have, unpacks zip files too.
    const unpacking = startProgram('tar', ['-xf', archive, '-C', ...targets[i]!], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    await printed('tar', unpacking, 'Look at the free disk, then install it again.')
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

async function installWheel(
  { gpu, downloadBytes }: TensorflowPlan,
  work: string,
  say: (text: string) => void,
): Promise<string> {
  const built = await builtAddon(gpu)
  if (!built) await requireCompiler()
  const { name } = wheels[gpu ? 'gpu' : 'cpu']
  const deps = path.join(work, 'deps')
  const addon = path.join(work, 'lib', 'napi-v8')
  const files = await fetchWheels(gpu, downloadBytes, say)
  say('Unpacking the libraries ...')
  await unpackWheels(files, deps)
  if (built) await cp(built, addon, { recursive: true })
  else {
    say('Compiling the addon and the kernels ...')
    await compileAddon({ gpu, libraries: path.join(deps, 'tensorflow'), target: addon })
  }
  await rm(path.join(deps, 'tensorflow', 'include'), { recursive: true })
  return `${name} ${wheelVersion}`
}
