import { environment } from './environment'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import envPaths from 'env-paths'

/** The folder that holds out/ and resources/: the repository, or the packaged application. */
const root = (() => {
  let folder = __dirname
  while (!existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder)
  return folder
})()

/** Files that native code reads cannot lie in the archive of a packaged application, but beside it. */
const files = root.replace(/app\.asar$/, 'app.asar.unpacked')

/** Whether this is a packaged application, whose own files may lie elsewhere at the next start. */
export const isPackaged = /app\.asar/.test(root)

/** A built entry of the main side, such as `training`. */
export const outFile = (name: string) => path.join(root, 'out', 'main', `${name}.js`)

/** The built renderer. */
export const rendererFolder = () => path.join(root, 'out', 'renderer')

/** The images that ship with the application. */
export const sampleImagesFolder = () => path.join(files, 'resources', 'sample-images')

/** The examples that go into exports. */
export const exportResources = () => path.join(files, 'resources', 'exports')

/** The PyTorch module that trains on a cluster. */
export const clusterResources = () => path.join(files, 'resources', 'cluster')

/** A folder of the application without code, for other programs to start in. */
export const neutralFolder = () => path.join(files, 'resources', 'tensorflow')

/** What the application keeps for the person: runs, data sets, settings. SAIM_HOME overrides the place. */
export const dataFolder = () => environment.home() ?? envPaths('saim-studio', { suffix: '' }).data

/**
 * Makes the data folder where there is none, and closes it to other users of the machine. One that the person named by SAIM_HOME
 * stays as open as they made it. What cannot be done here is told by whoever needs the folder.
 */
export function closeDataFolder(): void {
  try {
    const made = mkdirSync(dataFolder(), { recursive: true, mode: 0o700 })
    if (!made && environment.home() === undefined) chmodSync(dataFolder(), 0o700)
  } catch {
    return
  }
}

export const runsFolder = () => path.join(dataFolder(), 'runs')

export const datasetsFolder = () => path.join(dataFolder(), 'datasets')

/** The name of the data set that a folder is. */
export const datasetId = (folder: string) =>
  `d-${createHash('sha1').update(folder).digest('hex').slice(0, 12)}`

/** Where what is known of a folder of images is kept. */
export const indexFile = (folder: string) => path.join(datasetsFolder(), `${datasetId(folder)}.db`)

/** Where the features of a folder's images by checkpoints are kept. */
export const featuresFolder = (folder: string) => path.join(datasetsFolder(), `${datasetId(folder)}.features`)

/** Where classifiers of few labels are kept, each in a folder of its name. */
export const classifiersFolder = () => path.join(dataFolder(), 'classifiers')

/** Where decoded images are kept while a run is trained. */
export const cacheFolder = () => path.join(dataFolder(), 'cache')

/** Engines that are installed afterwards. SAIM_ENGINES overrides the place. */
export const enginesFolder = () => environment.engines() ?? path.join(dataFolder(), 'engines')

/** tfjs-node's native addon, where it is installed. */
export const tensorflowAddon = () =>
  path.join(enginesFolder(), 'tensorflow', 'lib', 'napi-v8', 'tfjs_binding.node')

/** What tfjs-node's addon is compiled from: its sources and Node's headers, put there by the build. */
export const addonSources = () => path.join(files, 'out', 'tensorflow-addon')

/** Addon and kernels for Linux on x64, where they were compiled for a package. */
export const builtAddons = () => path.join(addonSources(), 'linux-x64')

/** What is compiled with it for CPUs: kernels, and how sessions are opened. */
export const kernelSource = () => path.join(files, 'resources', 'tensorflow', 'kernels.cpp')
export const sessionHeader = () => path.join(files, 'resources', 'tensorflow', 'session.h')

/** The wheels that TensorFlow is taken from, with their hashes. */
export const wheelList = (gpu: boolean) =>
  path.join(files, 'resources', 'tensorflow', gpu ? 'gpu.txt' : 'cpu.txt')
