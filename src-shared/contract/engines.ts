import { z } from 'zod'
import { call, count, nothing, time } from './common'

/** What an engine showed on this machine, with real training steps. */
export const engineProof = z.object({
  /** What computed, as far as it is known. */
  device: z.string(),
  /** A GPU that the processor plays. */
  software: z.boolean(),
  /** From plain tfjs, of a tiny model: of the loss, and of gradients relative to the largest of a tensor. */
  lossDifference: z.number(),
  gradientDifference: z.number(),
  /** Training the preset nano. */
  imagesPerSecond: z.number(),
  /** Peak resident memory of the process that ran it; a GPU's own memory is not in it. */
  memoryBytes: z.number(),
  /** Operators of a step, and those that a device left to the processor; null where the engine does not tell. */
  operators: z.object({ total: count, onProcessor: count, names: z.array(z.string()) }).nullable(),
  /** The same with the factors of matrix products in 16 bits; null where the engine does not have them here. */
  bfloat16: z
    .object({ lossDifference: z.number(), gradientDifference: z.number(), imagesPerSecond: z.number() })
    .nullable()
    .default(null),
  provenAt: time,
})
export type EngineProof = z.infer<typeof engineProof>

export const engineStatus = z.enum([
  /** Not tried on this machine yet, or not since something changed. */
  'unproven',
  'proving',
  /** Its loss and gradients are right here. */
  'usable',
  'unusable',
  /** To be installed first. */
  'absent',
  'installing',
])

export const engine = z.object({
  /** Such as `onnxruntime-cpu`. */
  id: z.string(),
  title: z.string(),
  description: z.string(),
  status: engineStatus,
  proof: engineProof.nullable(),
  /** Why it can not be used. */
  problem: z.object({ message: z.string(), advice: z.string().optional() }).nullable(),
  selected: z.boolean(),
  /** Why this one is the best here, or why a usable one is not recommended; null where there is nothing to say. */
  recommendation: z.object({ recommended: z.boolean(), reason: z.string() }).nullable(),
})
export type EngineInfo = z.infer<typeof engine>

export const engineCalls = {
  /** What is known already; nothing is tried. */
  'engines.list': call(nothing, z.array(engine)),
  /** Tries all engines of this system, or one, each in a process of its own. */
  'engines.survey': call(z.object({ id: z.string().optional() }), z.array(engine)),
  /** What installing TensorFlow would fetch. */
  'engines.plan': call(
    z.object({ gpu: z.boolean() }),
    z.object({ what: z.string(), downloadBytes: z.number(), diskBytes: z.number() }),
  ),
  /** Installs TensorFlow and tries it. */
  'engines.install': call(z.object({ gpu: z.boolean() }), z.array(engine)),
  'engines.remove': call(nothing, z.array(engine)),
} as const

export const engineEvents = {
  /** The state of the engines changed. */
  'engines.changed': z.object({ engines: z.array(engine), message: z.string().nullable() }),
} as const
