import { counted } from '#shared/words'

/** Numbers as a person reads them. */

export const count = (n: number) => n.toLocaleString('en')

export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(Math.floor(Math.log10(Number(Math.max(n, 1).toPrecision(3))) / 3), units.length - 1)
  const value = n / 1000 ** power
  return `${value.toFixed(power && value < 10 ? 1 : 0)} ${units[power]}`
}

export function duration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return '–'
  const s = Math.round(seconds)
  if (s >= 86_400) return counted(Number((s / 86_400).toFixed(1)), 'days')
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`
  return s >= 60 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${s} s`
}

export const number = (n: number | undefined | null, digits = 4) =>
  n === undefined || n === null ? '–' : n !== 0 && Math.abs(n) < 1e-3 ? n.toExponential(2) : n.toFixed(digits)

export const date = (iso: string) =>
  new Date(iso).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })

export const percent = (share: number) => `${(100 * share).toFixed(0)} %`

/** An accuracy, to a tenth of a percent. */
export const accuracy = (share: number | null | undefined) =>
  share === null || share === undefined ? '–' : `${(100 * share).toFixed(1)} %`

/** The value of a setting with its unit: `1 epoch`, `224 px`. */
export const settingValue = ({ unit }: { unit?: string }, value: number | boolean | string) =>
  unit && typeof value === 'number' ? counted(value, unit) : String(value)
