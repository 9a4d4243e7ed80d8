/**
 * The environment variables that the application reads, and the one place where it reads and sets any. docs/cli.md lists them
 * with these words.
 */
export const variables = {
  SAIM_HOME: 'Where runs, data sets and settings lie.',
  SAIM_ENGINE: 'The engine to use where nobody chose one.',
  SAIM_ENGINES: 'Where engines are installed.',
  SAIM_PYTHON: 'The Python for clusters and for comparing exports.',
  CUDA_HOME: 'Where CUDA lies.',
  CUDA_PATH: 'The same, as Windows names it.',
  VK_DRIVER_FILES: "Files that describe Vulkan drivers, in place of the system's.",
  VK_ICD_FILENAMES: 'The same by its older name.',
  XDG_DATA_HOME: 'Where applications keep their data; without SAIM_HOME ours too.',
  SAIM_ROOTS:
    'The folders outside of which no image is read, as JSON; `saim serve` sets it for the processes that it starts.',
  SAIM_PATIENCE:
    'The part of its usual time that the speed of an engine is measured for; tests need no exact one.',
  SAIM_DEV_SERVER: 'Where `npm run dev` serves the pages that are worked on.',
} as const

const value = (name: keyof typeof variables): string | undefined => process.env[name] || undefined

export const environment = {
  home: () => value('SAIM_HOME'),
  engine: () => value('SAIM_ENGINE'),
  engines: () => value('SAIM_ENGINES'),
  python: () => value('SAIM_PYTHON'),
  cudaRoots: () => [value('CUDA_HOME'), value('CUDA_PATH')].filter((folder) => folder !== undefined),
  vulkanDrivers: () => (value('VK_DRIVER_FILES') ?? value('VK_ICD_FILENAMES'))?.split(':'),
  roots: () => value('SAIM_ROOTS'),
  dataHome: () => value('XDG_DATA_HOME'),
  patience: () => Number(value('SAIM_PATIENCE') ?? 1),
  devServer: () => value('SAIM_DEV_SERVER'),
}

/** Sets variables for native libraries that this process has not loaded yet; `defaults` only where there are none. */
export const setEnvironment = (
  variables: Record<string, string>,
  defaults: Record<string, string> = {},
): void => void Object.assign(process.env, childEnvironment(variables, defaults))

/** The environment of a child process: ours, with others in place or, where `defaults`, only where ours has none. */
export const childEnvironment = (
  variables: Record<string, string>,
  defaults: Record<string, string> = {},
): NodeJS.ProcessEnv => ({ ...defaults, ...process.env, ...variables })
