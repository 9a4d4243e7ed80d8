import { constants } from 'node:fs'
import { type Metric, metric } from '#shared/contract'
import { appendLine, parseLine, readLines, readWhole } from '#storage/json-lines'
import { isMissing, openOwn } from '#storage/own-files'
import { runPaths } from './run-folder'

/** metrics.jsonl: a line for each step, with its checksum. */

export const appendMetric = (folder: string, value: Metric) => appendLine(runPaths(folder).metrics, value)

/** The metric of a line; none where it is damaged. */
export const parseMetric = (line: string): Metric[] => parseLine(metric, line)

/** The loss of a line that is not parsed; NaN where it has none. */
export const lossIn = (line: string): number => parseFloat(line.slice(line.indexOf('"loss":') + 7))

/**
 * The lines of metrics.jsonl from a byte on. A line that is not finished yet is left for the next time. Where the file
 * became shorter (a resume cut it), everything is read anew and `cut` is true.
 */
export async function tailLines(
  folder: string,
  fromByte: number,
): Promise<{ lines: string[]; nextByte: number; cut: boolean }> {
  const read = await readLines(runPaths(folder).metrics, (size) => (size < fromByte ? 0 : fromByte))
  if (!read) return { lines: [], nextByte: 0, cut: fromByte > 0 }
  return { lines: read.lines, nextByte: read.nextByte, cut: read.size < fromByte }
}

/** The metrics of `tailLines`. */
export async function tailMetrics(
  folder: string,
  fromByte: number,
): Promise<{ metrics: Metric[]; nextByte: number }> {
  const { lines, nextByte } = await tailLines(folder, fromByte)
  return { metrics: lines.flatMap(parseMetric), nextByte }
}

/** The last metric, read from the end of the file; null before the first step. */
export async function lastMetric(folder: string): Promise<Metric | null> {
  const read = await readLines(runPaths(folder).metrics, (size) => Math.max(0, size - 2000))
  for (const line of read?.lines.reverse() ?? []) {
    const [found] = parseMetric(line)
    if (found) return found
  }
  return null
}

/** All metrics, or those after a step. */
export async function readMetrics(folder: string, { after = -1 } = {}): Promise<Metric[]> {
  return (await tailMetrics(folder, 0)).metrics.filter(({ step }) => step > after)
}

/**
 * Cuts the metrics after a step, when training goes on from that step's checkpoint, and with them a last line that a
 * crash tore. Takes no space, so that it works on a full disk.
 */
export async function cutMetrics(folder: string, step: number): Promise<void> {
  const file = runPaths(folder).metrics
  const handle = await openOwn(file, constants.O_RDWR).catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
  if (!handle) return
  try {
    await handle.truncate(endOf(await readWhole(handle, file), step))
  } finally {
    await handle.close()
  }
}

/** The byte where the last whole line of a step up to `step` ends. */
function endOf(bytes: Buffer, step: number): number {
  let end = 0
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(10, start)
    if (newline < 0) break
    const [line] = parseMetric(bytes.toString('utf8', start, newline))
    if (line && line.step > step) break
    start = newline + 1
    if (line) end = start
  }
  return end
}
