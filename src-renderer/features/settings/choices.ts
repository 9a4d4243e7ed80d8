import { bytes } from '#ui/format'
import { counted, ordinal } from '#shared/words'

/** What can be chosen for a setting; what else is set by the command line or a file stands among it. */
export interface Choice<T> {
  title: string
  value: T
}

const withCurrent = <T>(choices: Choice<T>[], current: T, title: (value: T) => string) =>
  choices.some(({ value }) => value === current)
    ? choices
    : [...choices, { title: title(current), value: current }]

const upTo = (most: number) =>
  Array.from({ length: most }, (_, i) => ({ title: counted(i + 1, 'threads'), value: i + 1 }))

export const threadChoices = (cores: number, current: number): Choice<number>[] =>
  withCurrent([{ title: 'Automatic', value: 0 }, ...upTo(cores)], current, (n) => counted(n, 'threads'))

const megabytes = [0, 500, 1000, 2000, 4000, 8000, 16_000]
const cacheTitle = (value: number | null) =>
  value === null ? 'A quarter of free memory' : value === 0 ? 'None' : bytes(value * 1e6)

export const cacheChoices = (memoryBytes: number, current: number | null): Choice<number | null>[] =>
  withCurrent(
    [null, ...megabytes.filter((value) => value * 1e6 < memoryBytes)].map((value) => ({
      title: cacheTitle(value),
      value,
    })),
    current,
    cacheTitle,
  )

const keepTitle = (every: number) =>
  every === 0 ? 'Only newest and best' : every === 1 ? 'All' : `Every ${ordinal(every)}, and the best 3`

export const keepChoices = (current: number): Choice<number>[] =>
  withCurrent(
    [1, 2, 5, 10, 0].map((value) => ({ title: keepTitle(value), value })),
    current,
    keepTitle,
  )

const trashTitle = (days: number | null) => (days === null ? 'Never' : `After ${counted(days, 'days')}`)

export const trashChoices = (current: number | null): Choice<number | null>[] =>
  withCurrent(
    [1, 7, 30, 90, null].map((value) => ({ title: trashTitle(value), value })),
    current,
    trashTitle,
  )
