/** The singular of a regular plural: `patches` -> `patch`, `copies` -> `copy`. Others stay as they are: `px`. */
const singular = (things: string) =>
  things.replace(/ies$|(?<=ch|sh|ss|x)es$|(?<!s)s$/, (end) => (end === 'ies' ? 'y' : ''))

/** A number of things, which are named in the plural: `counted(1, 'epochs')` is `1 epoch`. */
export const counted = (n: number, things: string) =>
  `${n.toLocaleString('en', { maximumFractionDigits: 20 })} ${n === 1 ? singular(things) : things}`

/** The first few of a list: `a, b and 3 more`. */
export const listed = (names: readonly string[], shown = 5) =>
  names.length > shown
    ? `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`
    : names.join(', ')

/** All of a list: `a, b and c`. */
export const listedAll = (names: readonly string[]) =>
  names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? '')

/** 1st, 2nd, 3rd, 4th, 11th, 21st */
export function ordinal(n: number): string {
  const teen = n % 100 > 10 && n % 100 < 14
  return `${n}${(!teen && ['', 'st', 'nd', 'rd'][n % 10]) || 'th'}`
}
