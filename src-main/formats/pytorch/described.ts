import type { Value } from './unpickle'

/** What a .pth file describes, and where in it the bytes of each storage lie. */
export interface Described {
  value: Value
  /** Throws AppError weights-unreadable. */
  placeOf(key: string): Promise<Place>
}

export interface Place {
  start: number
  length: number
}
