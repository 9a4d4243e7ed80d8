/** What the lines of a log are about; the names of the filter. */
export const logKinds = { All: 'All', Warnings: 'Warnings', Checkpoints: 'Checkpoints' } as const
export type LogKind = keyof typeof logKinds

export interface LogLine {
  /** The clock time; empty in lines that belong to the one before. */
  at: string
  text: string
  kind: 'checkpoint' | 'warning' | 'other'
}

const checkpoint = /^Saved /
const warning =
  /^(Ended|Ends early|Left out|The checkpoint of step \d+ cannot|Goes on|Paused|Stopped|A batch of|Warning)|cannot be (used|read)|does not fit|no longer a number/

/** The lines of a run's log; what stands below a line without a time is of its kind. */
export function logLines(log: string): LogLine[] {
  const lines: LogLine[] = []
  for (const line of log.split('\n')) {
    if (line === '') continue
    const [, time, rest] = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) (.*)$/.exec(line) ?? []
    const text = rest ?? line
    const kind = checkpoint.test(text) ? 'checkpoint' : warning.test(text) ? 'warning' : 'other'
    const at = time ? new Date(time).toLocaleTimeString('en-GB') : ''
    lines.push({ at, text, kind: time ? kind : (lines.at(-1)?.kind ?? kind) })
  }
  return lines
}

/** The lines of a kind that contain what is looked for. */
export function foundLines(lines: LogLine[], kind: LogKind, query: string): LogLine[] {
  const wanted = { All: null, Warnings: 'warning', Checkpoints: 'checkpoint' }[kind]
  const text = query.trim().toLowerCase()
  return lines.filter(
    (line) => (wanted === null || line.kind === wanted) && line.text.toLowerCase().includes(text),
  )
}
