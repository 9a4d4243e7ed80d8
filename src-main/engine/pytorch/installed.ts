import { readFile, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { environment } from '#platform/environment'
import { enginesFolder } from '#platform/paths'

export const pytorchFolder = () => path.join(enginesFolder(), 'pytorch')

/** The Python of a virtual environment. */
export const pythonIn = (folder: string) =>
  path.join(folder, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']))

/** The Python that has PyTorch: that of the installation, else the one that SAIM_PYTHON names; null where there is neither. */
export function pytorchPython(): string | null {
  const own = pythonIn(pytorchFolder())
  return existsSync(own) ? own : (environment.python() ?? null)
}

/** Ends an installation in `folder`: writes down what it is, such as `torch 2.15.0`. */
export const stampPytorch = (folder: string, version: string) => writeFile(stampFile(folder), version)

/** What is installed, else the Python that is named; null where there is neither. */
export const installedPytorch = (): Promise<string | null> =>
  readFile(stampFile(pytorchFolder()), 'utf8').catch(() => environment.python() ?? null)

const stampFile = (folder: string) => path.join(folder, 'installed.txt')
