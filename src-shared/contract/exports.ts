import { z } from 'zod'
import { call, count, filePath, time } from './common'
import { hostPath, id, words } from './strings'
import { run } from './runs'

/** The formats of exported weights, what each is for, and which weights it holds. */
export const exportFormats = {
  safetensors: {
    holds: 'all',
    title: 'safetensors',
    about: 'All weights, original names',
    purpose:
      "All weights of encoder and decoder, named as in the authors' code. Opens in Python, Rust and JavaScript, and can be imported here again. Contains no code.",
  },
  pytorch: {
    holds: 'all',
    title: 'PyTorch (.pth)',
    about: 'For the original scripts',
    purpose: "For the authors' own scripts main_finetune.py and main_linprobe.py.",
  },
  timm: {
    holds: 'encoder',
    title: 'timm',
    about: 'Encoder, as a backbone',
    purpose: 'For timm.create_model in PyTorch, to fine-tune it or use it as a backbone. Encoder only.',
  },
  huggingface: {
    holds: 'encoder',
    title: 'Hugging Face',
    about: 'Encoder, ViTModel',
    purpose: 'For ViTModel.from_pretrained in transformers, or to share it on the Hub. Encoder only.',
  },
  onnx: {
    holds: 'encoder',
    title: 'ONNX',
    about: 'Encoder, any language',
    purpose:
      'For programs in any language: one file for onnxruntime, TensorRT, OpenVINO or Core ML tools. Computes features for batches of any size.',
  },
  classifier: {
    holds: 'encoder',
    title: 'ONNX classifier',
    about: 'Predicts classes',
    purpose:
      'A fine-tuned model, a linear probe, nearest neighbours or a classifier of few labels: predicts the class of an image, with the class names inside. For onnxruntime and programs in any language.',
  },
  tfjs: {
    holds: 'encoder',
    title: 'TensorFlow.js',
    about: 'Encoder, for web pages',
    purpose: 'For web pages: runs the encoder in the browser, with an example page.',
  },
} as const
export type ExportFormat = keyof typeof exportFormats
export const exportFormat = z.enum(Object.keys(exportFormats) as [ExportFormat, ...ExportFormat[]])

/** Features or classes computed from the written files, compared with the run's. */
export const proofCheck = z.object({
  /** What read the files, such as `onnxruntime` or `timm 1.0.31, PyTorch 2.15.0`. */
  library: z.string(),
  images: count,
  /** The largest difference of any number; null if the library is not on this machine. */
  difference: z.number().nullable(),
  /** Why it was not compared. */
  reason: z.string().optional(),
})
export type ProofCheck = z.infer<typeof proofCheck>

/** The largest difference of features that an export may have. */
export const proofTolerance = 1e-4

export const exported = z.object({
  folder: filePath,
  files: z.array(z.object({ name: z.string(), bytes: count })),
  checks: z.array(proofCheck),
  /** Where the images of the checks came from, such as the name of the data set. */
  images: z.string(),
})
export type Exported = z.infer<typeof exported>

/** An export that was made of a run, as it is kept. */
export const exportMade = z.object({
  at: time,
  format: exportFormat,
  /** The checkpoint; null for what was fine-tuned. */
  step: count.nullable(),
  folder: filePath,
  bytes: count,
  checks: z.array(proofCheck),
})
export type ExportMade = z.infer<typeof exportMade>

/** What is known before an export is made. */
export const exportPlan = z.object({
  /** Of all weights of the run, and of those of its encoder. */
  bytes: z.object({ all: count, encoder: count }),
  /** Where the last export of the run went, else the folder of exports; null where that may not be used. */
  folder: filePath.nullable(),
})
export type ExportPlan = z.infer<typeof exportPlan>

/** The file endings of weights that can be imported. */
export const weightsEndings = ['pth', 'pt', 'bin', 'safetensors']

/** What imported weights contain, and how they fit the model. */
export const weightsReport = z.object({
  /** Whose names the weights have, such as `MAE`. */
  layout: z.string(),
  used: count,
  /** The model that they were loaded as, in a sentence. */
  model: z.string(),
  /** Weights of the model that the file lacks; they are initialised as in a new run. */
  missing: z.array(z.string()),
  /** Weights of the file that the model does not use. */
  unexpected: z.array(z.string()),
  /** What happens to the file's position embedding, in a sentence. */
  positions: z.string(),
})
export type WeightsReport = z.infer<typeof weightsReport>

export const exportCalls = {
  /**
   * Writes a checkpoint, by default the newest, or the classifier of an evaluation to a new folder in `folder`, and checks
   * the result.
   */
  'exports.create': call(
    z.object({
      id,
      step: count.optional(),
      /** A classifier by its key, or an evaluation. */
      evaluation: words(400, 1).optional(),
      format: exportFormat,
      folder: hostPath,
      /** Licence of the weights, for the model card. */
      licence: words(100).optional(),
    }),
    exported,
  ),
  'exports.plan': call(z.object({ id }), exportPlan),
  /** The exports made of a run, newest first. */
  'exports.list': call(z.object({ id }), z.array(exportMade)),
  /** Makes a run from a weights file: the weights are its checkpoint at step 0. */
  'imports.create': call(
    z.object({
      /** A .pth or safetensors file. */
      file: hostPath,
      /** The images that the run trains on. */
      dataset: id,
      name: words(200).optional(),
      /** Settings that differ from those in the file. */
      changes: z.object({ imageSize: count, heads: count, queryDepth: count }).partial(),
    }),
    z.object({ run, report: weightsReport }),
  ),
} as const

export const exportEvents = {
  /** What an export is doing. */
  'exports.progress': z.object({ id, text: z.string() }),
} as const
