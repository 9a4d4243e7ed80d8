import path from 'node:path'
import { z } from 'zod'
import { fieldsOf } from '#storage/fields'
import { recordIfAny, writeRecord } from '#storage/record'

/** What a person says about a run; kept beside run.json, which belongs to the training process. */
const annotationsSchema = z.object({
  name: z.string().optional(),
  notes: z.string(),
  tags: z.array(z.string()),
  pinned: z.boolean(),
  archived: z.boolean(),
})
export type Annotations = z.infer<typeof annotationsSchema>

export const annotationsFile = (folder: string) => path.join(folder, 'annotations.json')

/** Damaged annotations are none. */
export const readAnnotations = async (folder: string): Promise<Annotations> =>
  fieldsOf(annotationsSchema, await stored(folder), { notes: '', tags: [], pinned: false, archived: false })

/** Changes what is named, and keeps the rest with what other versions wrote. */
export const changeAnnotations = async (folder: string, changes: Partial<Annotations>) =>
  writeRecord(annotationsFile(folder), { ...(await stored(folder)), ...changes })

const stored = async (folder: string) => (await recordIfAny(annotationsFile(folder))) ?? {}
