import { counted } from '#shared/words'
import { count, settingValue } from '#ui/format'

/** The value of a setting as a person reads it, in five digits at most: `on`, `2,048`, `1 epoch`; "–" for none. */
export function plainValue(value: unknown, unit?: string): string {
  if (value === undefined) return '–'
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value !== 'number') return String(value)
  const short = Number(value.toPrecision(5))
  if (unit) return counted(short, unit)
  return Math.abs(short) >= 1000 ? count(short) : settingValue({}, short)
}
