/** How an engine that does not come along is installed. */
export interface Installation {
  /** What there is of it, such as `torch 2.15.0`; null where it must be installed first. */
  installed(): Promise<string | null>
  /** What suits this machine, and what it downloads; null where that is not known before it is asked for. */
  here(): { gpu: boolean; downloadBytes: number } | null
  /** What is fetched from where, for a person to agree to. Throws AppError engine-unavailable. */
  plan(options: { gpu: boolean }): Promise<InstallPlan>
  /** Installs it; `say` hears what happens. */
  install(options: { gpu: boolean }, say: (text: string) => void): Promise<void>
  remove(): Promise<void>
}

interface InstallPlan {
  what: string
  downloadBytes: number
  diskBytes: number
}
