/**
 * The environment variables that the application reads, and the one place where it reads and sets any; docs/cli.md lists
 * those that are for people.
 */
const value = (name: string): string | undefined => process.env[name] || undefined

export const environment = {
  /** Where runs, data sets and settings lie. */
  home: () => value('SAIM_HOME'),
  /** The engine to use where nobody chose one. */
  engine: () => value('SAIM_ENGINE'),
  /** Where engines are installed. */
  engines: () => value('SAIM_ENGINES'),
  /** The Python for clusters and for comparing exports. */
  python: () => value('SAIM_PYTHON'),
  /** Where CUDA lies, by the variables of its toolkits. */
  cudaRoots: () => [value('CUDA_HOME'), value('CUDA_PATH')].filter((folder) => folder !== undefined),
  /** Files that describe Vulkan drivers, in place of the system's. */
  vulkanDrivers: () => (value('VK_DRIVER_FILES') ?? value('VK_ICD_FILENAMES'))?.split(':'),
  /** The folders outside of which no image is read, as JSON; set by `saim serve` for the processes that it starts. */
  roots: () => value('SAIM_ROOTS'),
  dataHome: () => value('XDG_DATA_HOME'),
  /** Where `npm run dev` serves the pages that are worked on. */
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
