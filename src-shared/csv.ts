/** What spreadsheets take for the beginning of a formula, which can read and send what else is in the sheet. */
const formula = /^[=+\-@\t\r]/

/**
 * Text as a field of a CSV file: quoted where it must be, and behind an apostrophe where a spreadsheet would compute it. Names
 * of files and classes are anybody's.
 */
export function csvText(text: string): string {
  const safe = formula.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Rows as a CSV file; null is an empty field. Numbers are no text, so that −1 stays one. */
export const csvTable = (rows: (string | number | null)[][]): string =>
  rows.map((row) => `${row.map(fieldOf).join(',')}\n`).join('')

const fieldOf = (value: string | number | null) =>
  typeof value === 'number' ? String(value) : csvText(value ?? '')

/** The rows of a CSV file with their fields, as `csvText` or a spreadsheet writes them. */
export function readCsv(text: string): string[][] {
  const rows: string[][] = [[]]
  const fields = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/y
  const whole = text.replace(/^\uFEFF/, '')
  while (fields.lastIndex < whole.length) {
    const [, field, end] = fields.exec(whole) ?? []
    if (field === undefined) throw new Error(`line ${rows.length} has a quotation mark that does not end`)
    const plain = field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field
    rows.at(-1)!.push(/^'[=+\-@\t\r]/.test(plain) ? plain.slice(1) : plain)
    if (end !== ',') rows.push([])
  }
  return rows.filter((row) => row.length > 0)
}
