/** What can be done with an object: a line of its menu, and with its name behind it one of the palette. */
export interface Deed {
  /** Names it among the deeds of the object. */
  id: string
  title: string
  /** Before the name of the object, where that reads better than the title. */
  of?: string
  icon: string
  keys?: string
  disabled?: boolean
  /** Stands below a line, apart from what is before it. */
  apart?: boolean
  run(): unknown
}
