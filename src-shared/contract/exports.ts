import { z } from 'zod'
import { call, count, filePath, id } from './common'
import { run } from './runs'

/** What weights can be taken elsewhere as, and what each is for. */
export const exportFormats = {
  safetensors: {
    title: 'safetensors',
    purpose:
      "All weights of encoder and decoder under the names of the authors' code. Opens in Python, Rust and JavaScript, and here again; holds no code.",
  },
  pytorch: {
    title: 'PyTorch (.pth)',
    purpose: "For the authors' own scripts: their main_finetune.py and main_linprobe.py load it.",
  },
  timm: {
    title: 'timm',
    purpose: 'For timm.create_model in PyTorch: fine-tune it, or use it as a backbone. Encoder only.',
  },
  huggingface: {
    title: 'Hugging Face',
    purpose: 'For ViTModel.from_pretrained of transformers, and to share it on the Hub. Encoder only.',
  },
  onnx: {
    title: 'ONNX',
    purpose:
      'For programs in any language: one file for onnxruntime, TensorRT, OpenVINO, Core ML tools. Gives features of batches of any size.',
  },
  classifier: {
    title: 'ONNX classifier',
    purpose:
      'What a fine-tuning made: names the classes of images, with the names inside. For onnxruntime and other programs in any language.',
  },
  tfjs: {
    title: 'TensorFlow.js',
    purpose: 'For web pages: the encoder runs in the browser, with a page that shows how.',
  },
} as const
export type ExportFormat = keyof typeof exportFormats
export const exportFormat = z.enum(Object.keys(exportFormats) as [ExportFormat, ...ExportFormat[]])

/** Features or classes by the written files, read back, beside those by the run. */
export const proofCheck = z.object({
  /** What read the files: such as `onnxruntime` or `timm 1.0.31, PyTorch 2.15.0`. */
  library: z.string(),
  images: count,
  /** The largest difference of any number; null where the library is not on this machine. */
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
  /** On whose images they were made, such as the name of the data set. */
  images: z.string(),
})
export type Exported = z.infer<typeof exported>

/** How files of weights that can be imported end. */
export const weightsEndings = ['pth', 'pt', 'bin', 'safetensors']

/** What weights from elsewhere hold, and how they fit a model. */
export const weightsReport = z.object({
  /** Whose names they have: such as `MAE`. */
  layout: z.string(),
  used: count,
  /** The model that they were taken for, in a sentence. */
  model: z.string(),
  /** Weights of the model that the file does not have; they begin as in a new run. */
  missing: z.array(z.string()),
  /** Weights of the file that the model has no use for. */
  unexpected: z.array(z.string()),
  /** What becomes of the file's position embedding, in a sentence. */
  positions: z.string(),
})
export type WeightsReport = z.infer<typeof weightsReport>

export const exportCalls = {
  /**
   * Writes a checkpoint, or as a classifier what a fine-tuning made of it, as a new folder below `folder`, and proves it.
   * The newest where none is named.
   */
  'exports.create': call(
    z.object({
      id,
      step: count.optional(),
      evaluation: id.optional(),
      format: exportFormat,
      folder: filePath,
      /** Licence of the weights, as the model card names it. */
      licence: z.string().max(100).optional(),
    }),
    exported,
  ),
  /** Makes a run of a file of weights: they are its checkpoint of step 0. */
  'imports.create': call(
    z.object({
      /** A .pth or safetensors file. */
      file: filePath,
      /** The images that the run looks at and trains on. */
      dataset: id,
      name: z.string().max(200).optional(),
      /** Other settings than those that the file tells. */
      changes: z.object({ imageSize: count, heads: count, queryDepth: count }).partial(),
    }),
    z.object({ run, report: weightsReport }),
  ),
} as const

export const exportEvents = {
  /** What an export is at. */
  'exports.progress': z.object({ id, text: z.string() }),
} as const
