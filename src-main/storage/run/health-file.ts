import path from 'node:path'
import { z } from 'zod'
import type { Health } from '#shared/contract'
import { writeFileSafely } from '#storage/files'
import { appendLine, lineOf, parseLine, readLines, readValues } from '#storage/json-lines'

const healthSchema = z.object({
  step: z.int(),
  epoch: z.number(),
  effectiveRank: z.number(),
  variance: z.number(),
  uniformity: z.number(),
  knn: z.number().nullable(),
})
export type HealthLine = z.infer<typeof healthSchema>

/** A line for each time that the health of a run was measured. */
const healthFile = (folder: string) => path.join(folder, 'health.jsonl')

/** The health of a run so far, by column. */
export async function readHealth(folder: string): Promise<Health> {
  const lines = await readHealthLines(folder)
  const column = <N extends keyof HealthLine>(name: N) => lines.map((line) => line[name])
  return {
    step: column('step'),
    epoch: column('epoch'),
    effectiveRank: column('effectiveRank'),
    variance: column('variance'),
    uniformity: column('uniformity'),
    knn: column('knn'),
  }
}

const readHealthLines = (folder: string): Promise<HealthLine[]> =>
  readValues(healthFile(folder), healthSchema)

/** The newest kNN accuracy, read from the end of the file; null without one. */
export async function lastKnn(folder: string): Promise<number | null> {
  const read = await readLines(healthFile(folder), (size) => Math.max(0, size - 1000))
  return read?.lines.flatMap((line) => parseLine(healthSchema, line)).at(-1)?.knn ?? null
}

export const appendHealth = (folder: string, line: HealthLine) => appendLine(healthFile(folder), line)

/** Forgets what was measured after a step, when training goes on from that step's checkpoint. */
export async function cutHealth(folder: string, step: number): Promise<void> {
  const lines = await readHealthLines(folder)
  const before = lines.filter((line) => line.step <= step)
  if (before.length < lines.length) await writeFileSafely(healthFile(folder), before.map(lineOf).join(''))
}
