import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import type { PresetProof } from '#shared/contract'
import { AppError } from '#shared/errors'
import type { Hyperparameters, PresetName } from '#shared/settings/hyperparameters'
import { decided, type Precision } from '#shared/settings/precision'
import { pytorchPython } from '#engine/pytorch/installed'
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '#formats/safetensors'
import type { NamedTensorData } from '#model/tensor/step'
import { clusterResources } from '#platform/paths'
import { outputOf } from '#platform/programs'
import { file, interpreter, startPython } from '#platform/python'
import type { Check } from './checks'
import { limits } from './limits'
import { referenceSettings } from './pretraining'

/** Compares the PyTorch module with a folder of reference data as `verifyReference` does our own model. */
export async function verifyTwin(folder: string, changes: Partial<Hyperparameters> = {}): Promise<Check[]> {
  const h = { ...referenceSettings(folder), ...changes }
  const { gradientOfL1, ...allowed } = limits[decided(h.precision)]
  const tolerances = h.loss === 'L1' ? { ...allowed, gradient: gradientOfL1 } : allowed
  const printed = await runTwin(
    'verify.py',
    path.resolve(folder),
    JSON.stringify(h),
    JSON.stringify(tolerances),
  )
  return JSON.parse(printed)
}

/** What the PyTorch module is asked to show: loss and gradients of a small model, and how fast presets train. */
interface TwinTask {
  small: Hyperparameters
  weights: NamedTensorData
  /** images [B, S, S, 3], order [B, N] */
  inputs: Record<string, StoredTensor>
  /** From the smallest on, with the operations that an image takes. */
  presets: { preset: PresetName; h: Hyperparameters; flops: number }[]
  threads: number
  steps: number
  seconds: number
  /** Seconds that three steps of a preset may take for it to be measured. */
  patience: number
}

interface TwinAnswer {
  /** `loss`, and gradients by the names of their weights. */
  outputs: NamedTensorData
  device: string
  /** The precisions that it computes in. */
  has: Precision[]
  presets: Omit<PresetProof, 'beside'>[]
}

/** Has the PyTorch module compute what proves an engine. Throws AppError engine-unavailable. */
export async function askTwin({ weights, inputs, ...job }: TwinTask): Promise<TwinAnswer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'saim-proof-'))
  const place = (name: string) => path.join(folder, name)
  try {
    await writeFile(place('job.json'), JSON.stringify(job))
    await writeFile(place('weights.safetensors'), Buffer.concat(encodeSafetensors(weights)))
    await writeFile(place('inputs.safetensors'), Buffer.concat(encodeSafetensors(inputs)))
    const { device, ...found } = JSON.parse(await runTwin('prove.py', folder))
    const outputs = decodeSafetensors(await readFile(place('outputs.safetensors'))).tensors as NamedTensorData
    return { ...found, outputs, device: device ?? cpus()[0]?.model ?? 'CPU' }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a program of the module prints. Throws AppError engine-unavailable where it fails. */
async function runTwin(program: string, ...parameters: string[]): Promise<string> {
  const python = pytorchPython() ?? interpreter()
  const script = path.join(clusterResources(), program)
  const child = startPython(file, [script, ...parameters], { program: python })
  const { code, output, errors } = await outputOf(child)
  if (code === 0) return output.toString()
  throw new AppError(
    'engine-unavailable',
    `PyTorch does not work in ${python}: ${errors.trim().split('\n').at(-1) || `code ${code}`}`,
    'Install it: saim engines install pytorch. Or name by SAIM_PYTHON a Python that has what resources/cluster/requirements.txt lists.',
  )
}
