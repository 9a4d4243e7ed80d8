import * as tf from '@tensorflow/tfjs-core'
import { AppError } from '#shared/errors'
import type { NamedTensors, StepFunction, TensorSpec } from '#model/tensor/step'
import type { Graph } from './ir'
import { type Emit, kernels, unsupported } from './kernels'
import { Tracer } from './tracer'

const backendName = 'tracer'

/** A step as a graph; its inputs and outputs carry the names of states, inputs and outputs. */
export interface TracedStep {
  graph: Graph
  /** Names of the state's tensors that the step replaces, and of what it answers. */
  updated: string[]
  outputs: string[]
}

/** Registers kernels, in place of those of the same names. */
function register(kernels: Record<string, Emit>): void {
  for (const [kernelName, emit] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, backendName)) tf.unregisterKernel(kernelName, backendName)
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) =>
        emit(backend as Tracer, inputs as tf.NamedTensorInfoMap, attrs ?? {}),
    })
  }
}
register(kernels)

/**
 * Records `step` as a graph. `own` are kernels that only the engine which asks has operators for. Throws AppError
 * unsupported-op where the step uses an operation that has no form here.
 */
export function trace(
  step: StepFunction,
  state: Record<string, TensorSpec>,
  inputs: Record<string, TensorSpec>,
  own: Record<string, Emit> = {},
): TracedStep {
  const tracer = new Tracer()
  const before = tf.getBackend()
  tf.registerBackend(backendName, () => tracer)
  tf.setBackend(backendName)
  register(own)
  try {
    return tf.tidy(() => {
      const placeholders = (specs: Record<string, TensorSpec>, name: (n: string) => string): NamedTensors =>
        Object.fromEntries(Object.entries(specs).map(([n, spec]) => [n, tracer.input(name(n), spec)]))
      const result = step(
        placeholders(state, stateInput),
        placeholders(inputs, (n) => n),
      )
      for (const [name, tensor] of Object.entries(result.state ?? {}))
        tracer.output(stateOutput(name), tensor)
      for (const [name, tensor] of Object.entries(result.outputs)) tracer.output(name, tensor)
      return {
        graph: tracer.graph,
        updated: Object.keys(result.state ?? {}),
        outputs: Object.keys(result.outputs),
      } as never
    })
  } catch (error) {
    throw missingKernel(error) ?? error
  } finally {
    for (const kernel of Object.keys(own)) tf.unregisterKernel(kernel, backendName)
    register(kernels)
    tf.removeBackend(backendName)
    if (before) tf.setBackend(before)
  }
}

export const stateInput = (name: string) => `state/${name}`
export const stateOutput = (name: string) => `updated/${name}`

/** tfjs-core has no other sign of a kernel that nobody registered than its words. */
function missingKernel(error: unknown): AppError | null {
  const kernel = /Kernel '(\w+)' not registered/.exec(String(error))?.[1]
  return kernel === undefined ? null : unsupported(kernel)
}
