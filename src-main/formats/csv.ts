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
