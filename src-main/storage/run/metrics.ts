import { appendFileSync, existsSync } from 'node:fs'
import { open, readFile, truncate } from 'node:fs/promises'
import { type Metric, metric } from '#shared/contract'
import { sha256 } from '#storage/files'
import { runPaths } from './run-folder'

/**
 * metrics.jsonl: a line for each step, appended. Each line ends on a short checksum of what comes before it; lines
 * that do not have theirs are not shown.
 */

export const appendMetric = (folder: string, value: Metric) =>
  appendFileSync(runPaths(folder).metrics, lineOf(value))

/** A metric as a line of the file. */
export function lineOf(value: Metric): string {
  const body = JSON.stringify(value).slice(0, -1)
  return `${body},"check":"${check(body)}"}\n`
}

const check = (body: string) => sha256(body).slice(0, 8)

/** The metric of a line; none where it is damaged. Lines without a checksum, of other programs, are believed. */
function parseLine(line: string): Metric[] {
  const sealed = /,"check":"(\w*)"\}$/.exec(line)
  if (sealed ? check(line.slice(0, sealed.index)) !== sealed[1] : line.includes('"check"')) return []
  try {
    return [metric.parse(JSON.parse(line))]
  } catch {
    return []
  }
}

/** A number of a line that is not parsed; null where the line has none of that name. */
export function numberIn(line: string, name: 'loss' | 'validationLoss'): number | null {
  const at = line.indexOf(`"${name}":`)
  return at < 0 ? null : parseFloat(line.slice(at + name.length + 3))
}

/** Whole lines of metrics.jsonl from the byte on that `startOf` says for the file's size; null where there is none. */
async function readLines(folder: string, startOf: (size: number) => number) {
  const handle = await open(runPaths(folder).metrics, 'r').catch(() => null)
  if (!handle) return null
  try {
    const { size } = await handle.stat()
    const start = startOf(size)
    const bytes = Buffer.alloc(size - start)
    await handle.read(bytes, 0, bytes.length, start)
    const end = bytes.lastIndexOf('\n') + 1
    return { size, nextByte: start + end, lines: bytes.toString('utf8', 0, end - 1).split('\n') }
  } finally {
    await handle.close()
  }
}

/**
 * The metrics of metrics.jsonl from a byte on, or of the lines that `choose` picks of them. A line that is not finished
 * yet is left for the next time. Where the file became shorter (a resume cut it), everything is read anew and `cut` is
 * true.
 */
export async function tailMetrics(
  folder: string,
  fromByte: number,
  choose = (lines: string[]) => lines,
): Promise<{ metrics: Metric[]; nextByte: number; cut: boolean }> {
  const read = await readLines(folder, (size) => (size < fromByte ? 0 : fromByte))
  if (!read) return { metrics: [], nextByte: 0, cut: fromByte > 0 }
  const { size, nextByte, lines } = read
  return { metrics: choose(lines).flatMap(parseLine), nextByte, cut: size < fromByte }
}

/** The last metric, read from the end of the file; null before the first step. */
export async function lastMetric(folder: string): Promise<Metric | null> {
  const read = await readLines(folder, (size) => Math.max(0, size - 2000))
  for (const line of read?.lines.reverse() ?? []) {
    const [found] = parseLine(line)
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
  if (!existsSync(file)) return
  const bytes = await readFile(file)
  let end = 0
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(10, start)
    if (newline < 0) break
    const [line] = parseLine(bytes.toString('utf8', start, newline))
    if (line && line.step > step) break
    start = newline + 1
    if (line) end = start
  }
  await truncate(file, end)
}
