const decimal = /^[+-]?(0|[1-9]\d*|(?=\.))(\.\d*)?(e[+-]?\d+)?$/i

/** A number as a person types it, or why it is none. Nothing is guessed: a comma may be meant for decimals or thousands. */
export function readNumber(
  typed: string,
): { value: number; problem: null } | { value: null; problem: string } {
  const text = typed.trim()
  const refuse = (problem: string) => ({ value: null, problem })
  if (text === '') return refuse('A number is missing.')
  if (/^[+-]?[\d.]*\d,[\d,.]*$/.test(text))
    return refuse(`“${text}” has a comma: decimals take a point, thousands nothing, as in 0.5 and 1000.`)
  if (!decimal.test(text) || !/\d/.test(text))
    return refuse(`“${text}” is not a number, such as 10, 0.5 or 1e-4.`)
  const value = Number(text)
  return Number.isFinite(value) ? { value, problem: null } : refuse(`“${text}” is too large.`)
}

/** A whole number within bounds, or why it is none. */
export function readWhole(
  typed: string,
  minimum = 0,
  maximum = Number.MAX_SAFE_INTEGER,
): ReturnType<typeof readNumber> {
  const read = readNumber(typed)
  if (read.value === null) return read
  if (Number.isInteger(read.value) && read.value >= minimum && read.value <= maximum) return read
  const range =
    maximum === Number.MAX_SAFE_INTEGER ? `, ${minimum} or more` : ` from ${minimum} to ${maximum}`
  return { value: null, problem: `“${typed.trim()}” is not a whole number${range}.` }
}
