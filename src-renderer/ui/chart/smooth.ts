/** Exponential moving average with bias correction. `amount` 0 keeps the values; near 1 smooths most. */
export function smooth(values: number[], amount: number): number[] {
  let mean = 0
  return values.map((value, i) => {
    mean = amount * mean + (1 - amount) * value
    return amount ? mean / (1 - amount ** (i + 1)) : value
  })
}
