/** Exponential moving average of `values`, corrected for its start; `amount` 0 keeps them, near 1 smooths most. */
export function smooth(values: number[], amount: number): number[] {
  let mean = 0
  return values.map((value, i) => {
    mean = amount * mean + (1 - amount) * value
    return amount ? mean / (1 - amount ** (i + 1)) : value
  })
}

/** Colours of lines that lie over each other, told apart in both themes. */
export const lineColors = ['#16897b', '#d9730d', '#5b6ee1', '#c2417c', '#8a7a12', '#3f9142']
