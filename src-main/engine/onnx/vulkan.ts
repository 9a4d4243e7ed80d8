import { environment, setEnvironment } from '#platform/environment'
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { Device } from '#engine/engine'

/**
 * The device that WebGPU will find. On Linux it goes by Vulkan drivers, each described by a file; where none is for a
 * GPU that is there, `driver` is one in software: a system's, or that which browsers and Electron bring along.
 */
export function findWebgpuDevice(): Pick<Device, 'name' | 'software'> & { driver?: string } {
  if (process.platform !== 'linux') return { name: 'GPU', software: false }
  const drivers = vulkanDrivers()
  const hardware = drivers.filter((file) => !isSoftware(file))
  if (hardware.length && hasGpu()) return { name: hardware.map(driverName).join(', '), software: false }
  const software = drivers.find(isSoftware) ?? browserDriver()
  if (!software) return { name: noDriver, software: false }
  return { name: `${driverName(software)} (software)`, software: true, driver: software }
}

/** The name of the GPU that WebGPU will find; null where there is none but in software. */
export function graphicsName(): string | null {
  const { name, software } = findWebgpuDevice()
  return software || name === noDriver ? null : name
}

const noDriver = 'no Vulkan driver'

/** Files that describe drivers: those of the environment, else those of the places that the loader looks in. */
function vulkanDrivers(): string[] {
  const named = environment.vulkanDrivers()
  if (named) return named.filter((file) => existsSync(file))
  const data = environment.dataHome() ?? path.join(homedir(), '.local/share')
  return ['/etc', '/usr/local/etc', '/usr/share', '/usr/local/share', data].flatMap((root) => {
    const folder = path.join(root, 'vulkan', 'icd.d')
    return existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : []
  })
}

/** SwiftShader, as Electron has it beside its binary and a browser beside its own. */
const browserDriver = (): string | undefined =>
  [path.dirname(process.execPath), '/usr/lib/chromium', '/opt/google/chrome']
    .map((folder) => path.join(folder, 'vk_swiftshader_icd.json'))
    .find((file) => existsSync(file))

const isSoftware = (file: string) => /swiftshader|lvp|lavapipe|llvmpipe/.test(path.basename(file))

const driverName = (file: string) =>
  path
    .basename(file, '.json')
    .replace(/^vk_|_icd.*$/g, '')
    .replace('swiftshader', 'SwiftShader')
    .replace('lvp', 'llvmpipe')

/** Drivers are installed also where there is no GPU for them. */
const hasGpu = () =>
  existsSync('/dev/nvidia0') ||
  existsSync('/dev/dxg') ||
  (existsSync('/dev/dri') && readdirSync('/dev/dri').some((name) => name.startsWith('render')))

/** Makes a driver known to the Vulkan loader, and no other. */
export function useDriver(file: string): void {
  setEnvironment({ VK_ICD_FILENAMES: file, VK_DRIVER_FILES: file })
}
