import { z } from 'zod'
import { call, nothing } from './common'

export const engine = z.object({
  /** Such as `onnxruntime-cpu`. */
  id: z.string(),
  title: z.string(),
  description: z.string(),
  available: z.boolean(),
  /** Why it is not available, or what it is not yet checked for. */
  reason: z.string().nullable(),
  selected: z.boolean(),
})
export type EngineInfo = z.infer<typeof engine>

export const engineCalls = {
  'engines.list': call(nothing, z.array(engine)),
} as const
