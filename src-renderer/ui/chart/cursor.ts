import { inject, type InjectionKey, provide, ref, type Ref } from 'vue'

/**
 * Where somebody points on the charts of a page, as a share of their planned end, so that an axis in steps and one in epochs
 * follow each other.
 */
export interface Cursor {
  at: number | null
  /** Stays where it was clicked. */
  pinned: boolean
}

const key: InjectionKey<Ref<Cursor>> = Symbol('cursor of the charts')
const nowhere = () => ref<Cursor>({ at: null, pinned: false })

/** One cursor for all charts below a component. */
export function provideCursor(): Ref<Cursor> {
  const cursor = nowhere()
  provide(key, cursor)
  return cursor
}

/** The cursor of the page, or one for a chart that stands alone. */
export const useCursor = (): Ref<Cursor> => inject(key, nowhere, true)
