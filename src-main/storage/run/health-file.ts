import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import type { Health } from '#shared/contract'

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
export const healthFile = (folder: string) => path.join(folder, 'health.jsonl')

/** The health of a run so far, by column. */
export async function readHealth(folder: string): Promise<Health> {
  const lines = await readLines(folder)
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

export async function readLines(folder: string): Promise<HealthLine[]> {
  const text = await readFile(healthFile(folder), 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => {
    const parsed = healthSchema.safeParse(parseOrNull(line))
    return parsed.success ? [parsed.data] : []
  })
}

/** Null for a line that was not written to its end. */
function parseOrNull(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

export const lineOf = (line: HealthLine) => `${JSON.stringify(line)}\n`
