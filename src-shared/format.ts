import { counted } from './words'

/** Numbers as a person reads them: in the window, on the command line and in every message. "–" stands for none. */

type Maybe = number | null | undefined

const none = '–'
const isNone = (n: Maybe): n is null | undefined => n === null || n === undefined || !Number.isFinite(n)
/** With the minus of typography instead of the hyphen, which stays in exponents. */
const minus = (text: string) => text.replace(/^-/, '−')

/** Made once: `toLocaleString` would make one for each cell of a table. */
const whole = new Intl.NumberFormat('en')

/** 1,120 */
export const count = (n: number) => minus(whole.format(n))

/** A loss or another figure without unit: 0.421, and 5e-4 below 0.001. */
export function number(n: Maybe, digits = 3): string {
  if (isNone(n)) return none
  if (n === 0 || Math.abs(n) >= 1e-3) return minus(n.toFixed(digits))
  return minus(n.toExponential(1).replace('.0', ''))
}

/** A share of what is done or busy: 60% */
export const percent = (share: Maybe) => (isNone(share) ? none : minus(`${(100 * share).toFixed(0)}%`))

/** A score, to a tenth: 59.7% */
export const accuracy = (share: Maybe) => (isNone(share) ? none : minus(`${(100 * share).toFixed(1)}%`))

const units = ['B', 'kB', 'MB', 'GB', 'TB']
/** From this part of a unit on it is used: 0.9 GB, but 640 MB. */
const partOfUnit = 0.7

/** Decimal, two digits: 0.9 GB, 24 GB, 640 MB. */
export function bytes(n: Maybe): string {
  if (isNone(n)) return none
  const power = units.filter((_, i) => i === 0 || n >= partOfUnit * 1000 ** i).length - 1
  const value = n / 1000 ** power
  return `${value.toFixed(power && value < 9.95 ? 1 : 0)} ${units[power]}`
}

/** A part of a whole, in its unit: 1.9 of 24 GB */
export function bytesOf(part: number, whole: number): string {
  const [share, all] = [bytes(part), bytes(whole)]
  const unit = all.slice(all.indexOf(' '))
  return `${share.endsWith(unit) ? share.slice(0, -unit.length) : share} of ${all}`
}

/** Of weights: 3.9 M */
export function millions(n: number): string {
  const value = n / 1e6
  return `${value < 9.95 ? value.toFixed(1) : count(Math.round(value))} M`
}

/** How many a second, without unit: 47, and 1.1 below ten. */
export const rate = (n: Maybe) =>
  isNone(n) ? none : n < 9.95 ? String(Number(n.toPrecision(2))) : count(Math.round(n))

/** A time that was measured or is counted down: 2 min 32 s, 3 h 07 min, 1.5 days. */
export function duration(seconds: Maybe): string {
  if (isNone(seconds)) return none
  const s = Math.round(seconds)
  if (s >= 86_400) return days(s)
  const [large, rest, of, small] = s >= 3600 ? [3600, 60, 'h', 'min'] : [60, 1, 'min', 's']
  if (s < 60) return `${s} s`
  const left = Math.floor((s % large) / rest)
  return `${Math.floor(s / large)} ${of}${left ? ` ${String(left).padStart(2, '0')} ${small}` : ''}`
}

/** A time that is only guessed: 12 s, 4 min, 3 h, 1.5 days. Stands after "about". */
export function roughly(seconds: Maybe): string {
  if (isNone(seconds)) return none
  if (seconds >= 86_000) return days(seconds)
  if (seconds >= 3570) return `${Math.round(seconds / 3600)} h`
  return seconds >= 59.5 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds)} s`
}

const days = (seconds: number) => counted(Number((seconds / 86_400).toFixed(1)), 'days')

type Moment = string | number | Date

const styled = (style: Intl.DateTimeFormatOptions) => {
  const { format } = new Intl.DateTimeFormat('en-GB', style)
  return (at: Moment) => format(new Date(at))
}

/** 11:42 */
export const clock = styled({ hour: '2-digit', minute: '2-digit' })

/** Midnights between the day of a moment and today, by this machine's clock: 0 today, 1 yesterday. */
function daysAgo(at: Moment): number {
  const midnight = (moment: Moment) => new Date(moment).setHours(0, 0, 0, 0)
  return Math.round((midnight(Date.now()) - midnight(at)) / 86_400_000)
}

/** The day of a moment: Today, Yesterday, 26 Nov, 3 Jan 2025. */
export function day(at: Moment): string {
  const ago = daysAgo(at)
  if (ago === 0) return 'Today'
  if (ago === 1) return 'Yesterday'
  const thisYear = new Date(at).getFullYear() === new Date().getFullYear()
  return thisYear ? dayOfYear(at) : dayOfAnyYear(at)
}
const dayOfYear = styled({ day: 'numeric', month: 'short' })
const dayOfAnyYear = styled({ day: 'numeric', month: 'short', year: 'numeric' })

/** A moment that is past: 11:42 today, and its day before. */
export const date = (at: Moment) => (daysAgo(at) === 0 ? clock(at) : day(at))

/** `date` or `day` within a sentence: today, yesterday. */
export const inSentence = (text: string) =>
  text.replace(/^[TY](?=oday|esterday)/, (letter) => letter.toLowerCase())

/** The whole moment, for a tooltip: 28 Nov 2026, 11:33. */
export const dateTime = styled({ dateStyle: 'medium', timeStyle: 'short' })

/** When something ends that takes so many seconds from now: at 11:42, tomorrow at 11:42, on 3 Dec at 11:42. */
export function ahead(seconds: number): string {
  const at = Date.now() + 1000 * seconds
  const ago = daysAgo(at)
  if (ago === 0) return `at ${clock(at)}`
  return ago === -1 ? `tomorrow at ${clock(at)}` : `on ${day(at)} at ${clock(at)}`
}

/**
 * The value of a setting as a person reads it: `SAIM`, `on`, `1 epoch`, `2,048`; fractions in five digits at most, "–" for
 * none.
 */
export function settingValue(
  { unit, words }: { unit?: string; words?: Record<string, string> },
  value: number | boolean | string | undefined,
): string {
  if (value === undefined) return '–'
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  const word = words?.[value]
  if (word !== undefined || typeof value === 'string') return word ?? String(value)
  const short = Number.isInteger(value) ? value : Number(value.toPrecision(5))
  if (unit) return counted(short, unit)
  if (Number.isInteger(short)) return count(short)
  return minus(Math.abs(short) < 1e-3 ? short.toExponential() : String(short))
}
