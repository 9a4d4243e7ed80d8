import type { StepFunction, TensorSpec } from '#model/tensor/step'
import type { Precision } from '#shared/settings/precision'
import { passes, rewrite } from '#engine/graph/passes/index'
import { roundFactors } from '#engine/graph/passes/round-factors'
import { stateInput, stateOutput, trace } from '#engine/graph/trace'
import { GraphDef, type Settable } from './graph-def'
import { ownKernels, updateKernels } from './kernels'

/** Where a program's graph has what it keeps and answers. */
export interface Layout {
  /** What the step reads of its inputs. */
  inputs: Record<string, { tensor: string; shape: number[] }>
  /** Tensors of the state that are variables of the graph. */
  variables: Record<string, Settable & { read: string }>
  /** Those that the step replaces. */
  updated: string[]
  outputs: Record<string, { tensor: string; shape: readonly number[] }>
}

/** What is asked for so that the variables are replaced. */
export const updateTensor = 'update'

/** What a step is written for. A CPU, which has no tf32, is given its rounding as operators. */
export interface TensorflowForm {
  precision: Precision
  hasOwnKernels: boolean
  usesGpu: boolean
}

/** A step in TensorFlow's operators. */
export function writeStep(
  step: StepFunction,
  specs: Record<string, TensorSpec>,
  inputs: Record<string, TensorSpec>,
  { precision, hasOwnKernels, usesGpu }: TensorflowForm,
) {
  const kernels = { ...updateKernels, ...(hasOwnKernels && ownKernels) }
  const traced = trace(step, specs, inputs, kernels)
  const list =
    precision === 'tf32' && !usesGpu ? [...passes.tensorflow, roundFactors(precision)] : passes.tensorflow
  const graph = rewrite(traced.graph, list)
  const isRead = new Set(graph.inputs.map(({ name }) => name))
  const isUpdated = new Set(traced.updated)
  const variableNames = Object.keys(specs).filter(
    (name) => isRead.has(stateInput(name)) || isUpdated.has(name),
  )
  const written = new GraphDef(graph, variableNames.map(stateInput), precision)
  const variables = variableNames.map((name) => {
    const variable = stateInput(name)
    return [name, { ...written.settable(variable), read: written.tensor(variable) }] as const
  })
  const updates = traced.updated.map((name) => written.update(stateInput(name), stateOutput(name)))
  written.after(updateTensor, updates)
  const read = Object.entries(inputs).filter(([name]) => isRead.has(name))
  const given = read.map(([name, { shape }]) => [name, { tensor: written.tensor(name), shape }] as const)
  const outputs = traced.outputs.map((name) => {
    return [name, { tensor: written.tensor(name), shape: graph.values.get(name)!.shape }] as const
  })
  const layout: Layout = {
    inputs: Object.fromEntries(given),
    variables: Object.fromEntries(variables),
    updated: traced.updated,
    outputs: Object.fromEntries(outputs),
  }
  return { graph: written, layout }
}
