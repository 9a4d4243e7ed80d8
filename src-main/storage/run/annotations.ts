import path from 'node:path'
import { z } from 'zod'
import { readRecord, writeRecord } from '#storage/record'

/** What a person says about a run; kept beside run.json, which belongs to the training process. */
const annotationsSchema = z.object({
  name: z.string().optional(),
  notes: z.string().default(''),
  tags: z.array(z.string()).default([]),
  pinned: z.boolean().default(false),
  archived: z.boolean().default(false),
})
export type Annotations = z.infer<typeof annotationsSchema>

export const annotationsFile = (folder: string) => path.join(folder, 'annotations.json')

/** Damaged annotations are none. */
export async function readAnnotations(folder: string): Promise<Annotations> {
  const stored = await readRecord(annotationsFile(folder)).catch(() => ({}))
  return annotationsSchema.catch(() => annotationsSchema.parse({})).parse(stored)
}

export const writeAnnotations = (folder: string, annotations: Annotations) =>
  writeRecord(annotationsFile(folder), annotations)
