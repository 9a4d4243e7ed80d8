import { readFileSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { AppError } from '#shared/errors'
import { type Installation, printed } from '#engine/installation'
import { hasNvidiaDriver } from '#engine/nvidia'
import { clusterResources } from '#platform/paths'
import { interpreter, pip, startPython } from '#platform/python'
import { installedPytorch, pythonIn, pytorchFolder, stampPytorch } from './installed'

/** Packages with their hashes; for Linux PyPI has PyTorch with CUDA alone, which computes on the CPU as well. */
const list = () => path.join(clusterResources(), 'pytorch.txt')

const version = () => `torch ${/^torch==(\S+)/m.exec(readFileSync(list(), 'utf8'))![1]}`

const [downloadBytes, diskBytes] = process.platform === 'linux' ? [3.03e9, 5.6e9] : [170e6, 800e6]

/** What has wheels: Macs of today, Windows and Linux. */
const hasWheel = process.platform === 'darwin' ? process.arch === 'arm64' : true

export const pytorch: Installation = {
  installed: installedPytorch,

  here: () => (hasWheel ? { gpu: process.platform === 'linux' && hasNvidiaDriver(), downloadBytes } : null),

  async plan({ gpu }) {
    if (!hasWheel)
      throw new AppError('engine-unavailable', 'There is no PyTorch for Macs with Intel processors.')
    if (gpu && process.platform !== 'linux')
      throw new AppError(
        'engine-unavailable',
        'PyPI has PyTorch for NVIDIA GPUs on Linux only.',
        'Install it by the instructions of pytorch.org into a Python of your own, and name that by SAIM_PYTHON.',
      )
    const cuda = process.platform === 'linux' ? ' with NVIDIA’s CUDA libraries' : ''
    const what = `${version()}${cuda}, NumPy, Pillow and safetensors from PyPI into a virtual environment, by pip, which compares hashes`
    return { what, downloadBytes, diskBytes }
  },

  /** Whole or not at all; what pip has loaded is in its cache when it is asked again. */
  async install(_options, say) {
    const work = `${pytorchFolder()}.${process.pid}.tmp`
    await rm(work, { recursive: true, force: true })
    try {
      say('Making a virtual environment ...')
      await printed(interpreter(), startPython(makeEnvironment, [work]), makingFailed)
      const parameters = [
        ...['install', '--disable-pip-version-check', '--no-input', '--progress-bar=off'],
        ...['--only-binary=:all:', '--require-hashes', '--requirement', list()],
      ]
      const installing = startPython(pip, parameters, { program: pythonIn(work) })
      createInterface(installing.stdout!).on('line', (line) => {
        const [, file, size] = /^\s*(?:Downloading|Using cached) (\S+?)-\S+ \((.+)\)/.exec(line) ?? []
        if (file) say(`Downloading ${path.basename(file)}, ${size} ...`)
        else if (line.startsWith('Installing')) say('Unpacking ...')
      })
      await printed('pip', installing, pipFailed)
      await stampPytorch(work, version())
      await pytorch.remove()
      await rename(work, pytorchFolder())
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  },

  remove: () => rm(pytorchFolder(), { recursive: true, force: true }),
}

const makeEnvironment = `
import sys, venv
if sys.version_info < (3, 11):
    sys.exit("Python %d.%d is older than 3.11." % sys.version_info[:2])
venv.create(sys.argv[1], with_pip=True)
`

const makingFailed = 'Install Python 3.11 or newer with venv; on Debian and Ubuntu: apt install python3-venv'
const pipFailed = 'Look at the network and the free disk, then install it again: what was loaded is kept.'
