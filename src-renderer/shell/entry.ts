/** The groups of the palette, in its order. */
export const groups = ['Runs', 'Data sets', 'Experiments', 'Actions', 'Settings and help'] as const

/** A line of the palette. */
export interface Entry {
  id: string
  group: (typeof groups)[number]
  title: string
  /** What stands behind the title, muted. */
  note?: string
  icon?: string
  /** The state of a run. */
  dot?: string
  keys?: string
  /** The object that it is or acts on. */
  about?: string
  /** Whether it does something, instead of leading somewhere. */
  isCommand?: boolean
  run(): unknown
}
