import { z } from 'zod'
import { presetNames } from '#shared/settings/hyperparameters'
import { call, count, nothing, time } from './common'
import { words } from './strings'
import { precisions } from '#shared/settings/precision'

/** In place of an engine: the fastest one that was tested here and works. */
export const automatic = 'auto'

const presetProof = z.object({
  preset: z.enum(presetNames),
  imagesPerSecond: z.number(),
  /** From the start of a process, and what the first step takes longer than others. */
  readySeconds: z.number(),
  /**
   * What is done beside steps: opening what that takes, a look at an image for a check of health, and a checkpoint. Timed in float32;
   * null where it was not.
   */
  beside: z
    .object({ openSeconds: z.number(), lookSeconds: z.number(), saveSeconds: z.number() })
    .nullable()
    .default(null),
  /** Peak resident memory of its process so far. */
  memoryBytes: z.number(),
})
export type PresetProof = z.infer<typeof presetProof>

const precisionProof = z.object({
  precision: z.enum(precisions),
  /** Difference from plain tfjs on a tiny model: of the loss, and of gradients relative to the largest in their tensor. */
  lossDifference: z.number(),
  gradientDifference: z.number(),
  /** Training the preset nano. */
  imagesPerSecond: z.number(),
  /** Training presets with their own batch, from the smallest to the largest that took seconds; estimates start from these. */
  presets: z.array(presetProof).default([]),
  /** Peak resident memory of its process, without a GPU's own memory. */
  memoryBytes: z.number(),
})
export type PrecisionProof = z.infer<typeof precisionProof>

/** Results of real training steps with an engine on this machine, in float32. */
export const engineProof = precisionProof.omit({ precision: true }).extend({
  /** The device that computed, if known. */
  device: z.string(),
  /** Whether it is a software GPU, emulated by the CPU. */
  software: z.boolean(),
  /** Operators of a step, and those that the device left to the CPU; null if the engine does not report them. */
  operators: z.object({ total: count, onCpu: count, names: z.array(z.string()) }).nullable(),
  /** The same in each precision that the device has and whose limits it keeps to, float32 first. */
  precisions: z.array(precisionProof),
  provenAt: time,
})
export type EngineProof = z.infer<typeof engineProof>

export const engineStatus = z.enum([
  /** Not tried on this machine yet, or not since something changed. */
  'unproven',
  'proving',
  /** Its loss and gradients are correct on this machine. */
  'usable',
  'unusable',
  /** Must be installed first. */
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
  /** What suits this machine of an engine that is not installed; null of others, and where that is not known. */
  install: z.object({ gpu: z.boolean(), downloadBytes: z.number() }).nullable(),
  /** What an engine that is not installed should reach here; null without a measure. */
  expectedImagesPerSecond: z.number().nullable(),
  /** Why it cannot be used. */
  problem: z.object({ message: z.string(), advice: z.string().optional() }).nullable(),
  /** Whether new runs use it: by choice or, where that is automatic, as the fastest. */
  selected: z.boolean(),
  /** Why this one is the best here, or why a usable one is not recommended; null otherwise. */
  recommendation: z.object({ recommended: z.boolean(), reason: z.string() }).nullable(),
})
export type EngineInfo = z.infer<typeof engine>

/** An engine that is a download of its own, for an NVIDIA GPU or not. */
const installation = z.object({ id: words(100), gpu: z.boolean() })

export const engineCalls = {
  /** What is known already; tries nothing. */
  'engines.list': call(nothing, z.array(engine)),
  /** Tries all engines of this system, or one, each in a process of its own. */
  'engines.survey': call(z.object({ id: words(100).optional() }), z.array(engine)),
  /** What installing an engine would download. */
  'engines.plan': call(
    installation,
    z.object({ what: z.string(), downloadBytes: z.number(), diskBytes: z.number() }),
  ),
  /** Installs an engine and tries it. */
  'engines.install': call(installation, z.array(engine)),
  'engines.remove': call(z.object({ id: words(100) }), z.array(engine)),
} as const

export const engineEvents = {
  /** The state of the engines changed. */
  'engines.changed': z.object({ engines: z.array(engine), message: z.string().nullable() }),
} as const
