import { z } from 'zod'

/** The building blocks of the contract. */

/** A file or folder as the backend tells of it; those that a renderer names are a `hostPath`. */
export const filePath = z.string().min(1).max(4096)
export const count = z.int().min(0)
/** ISO 8601. */
export const time = z.string()

/** What lies where a record should and cannot be shown in a list, so that no list is short without a word. */
export const unreadable = z.object({
  kind: z.enum(['run', 'evaluation', 'experiment', 'dataset']),
  path: filePath,
  reason: z.string(),
})
export type Unreadable = z.infer<typeof unreadable>

export const nothing = z.void()
export const call = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output })
