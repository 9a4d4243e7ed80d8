/** A colour for each group, by the golden angle, so that neighbours in the list look different. */
export const groupColors = (count: number) =>
  Array.from({ length: count }, (_, i) => `hsl(${Math.round((i * 137.508) % 360)} 62% ${i % 2 ? 42 : 55}%)`)

const channels = (hex: string) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))

/** A colour between two tokens: the first at 0, the second at 1. */
export function between(low: string, high: string, share: number): string {
  const [from, to] = [channels(low), channels(high)]
  return `rgb(${from.map((value, i) => Math.round(value + share * (to[i]! - value))).join()})`
}

/** Where each value stands among all, from 0 for the lowest to 1. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const ranked = new Array<number>(values.length)
  order.forEach((at, place) => (ranked[at] = values.length > 1 ? place / (values.length - 1) : 0))
  return ranked
}
