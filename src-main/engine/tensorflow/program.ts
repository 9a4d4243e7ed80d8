import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type NamedTensorData, type StepFunction, type TensorData, type TensorSpec } from '../../ops/step'
import { withVectors } from '../../ops/vectors'
import type { Precision, Program } from '../engine'
import { optimise, sumsAsProducts } from '../onnx/passes'
import { stateInput, stateOutput, trace } from '../onnx/tracer'
import type { Addon, Handle } from './addon'
import { GraphDef, type Settable } from './graph-def'
import { ownKernels, updateKernels } from './kernels'
import { encodeSavedModel } from './saved-model'
import type { GraphState, Holder } from './state'

/** Where a program's graph has what it keeps and answers. */
interface Layout {
  /** What the step reads of its inputs. */
  inputs: Record<string, { tensor: string; shape: number[] }>
  /** Tensors of the state that are variables of the graph. */
  variables: Record<string, Settable & { read: string }>
  /** Those that the step replaces. */
  updated: string[]
  outputs: Record<string, { tensor: string; shape: readonly number[] }>
}

/** What is asked for so that the variables are replaced. */
const updateTensor = 'update'

/** A step as a session of TensorFlow, which keeps the state as variables: a run moves only inputs and outputs. */
export class GraphProgram implements Program, Holder {
  private constructor(
    private readonly addon: Addon,
    private readonly session: number,
    private readonly state: GraphState,
    private readonly layout: Layout,
  ) {}

  static async compile(
    addon: Addon,
    step: StepFunction,
    state: GraphState,
    inputs: Record<string, TensorSpec>,
    precision: Precision,
  ): Promise<GraphProgram> {
    const { graph, layout } = write(step, state, inputs, precision, addon.hasOwnKernels)
    const folder = await mkdtemp(path.join(tmpdir(), 'saim-graph-'))
    try {
      await writeFile(path.join(folder, 'saved_model.pb'), encodeSavedModel(graph))
      return new GraphProgram(addon, addon.open(folder), state, layout)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async run(inputs: Record<string, Float32Array | Int32Array>): Promise<NamedTensorData> {
    const { variables, updated, outputs } = this.layout
    this.state.bring(Object.keys(variables), this)
    const given = Object.fromEntries(
      Object.entries(this.layout.inputs).map(([name, { tensor, shape }]) => [
        tensor,
        this.addon.put({ shape, values: inputs[name]!.slice() }),
      ]),
    )
    const wanted = Object.values(outputs).map(({ tensor }) => tensor)
    const answers = this.addon.run(this.session, given, [...wanted, updateTensor])
    this.state.replaced(updated, this)
    const values = Object.entries(outputs).map(([name, { shape }], i): [string, TensorData] => [
      name,
      { shape: [...shape], values: this.addon.get(answers[i]!) },
    ])
    this.addon.delete([...Object.values(given), ...answers])
    return Object.fromEntries(values)
  }

  fetch(names: string[]): Handle[] {
    return this.addon.run(
      this.session,
      {},
      names.map((name) => this.layout.variables[name]!.read),
    )
  }

  set(values: Record<string, Handle>): void {
    const settables = Object.keys(values).map((name) => this.layout.variables[name]!)
    const given = Object.fromEntries(Object.values(values).map((handle, i) => [settables[i]!.given, handle]))
    this.addon.delete(
      this.addon.run(
        this.session,
        given,
        settables.map(({ set }) => set),
      ),
    )
  }

  async dispose(): Promise<void> {
    this.state.leave(this)
    this.addon.close(this.session)
  }
}

/** A step in TensorFlow's operators. */
function write(
  step: StepFunction,
  state: GraphState,
  inputs: Record<string, TensorSpec>,
  precision: Precision,
  hasOwnKernels: boolean,
) {
  const specs = state.specs()
  const kernels = { ...updateKernels, ...(hasOwnKernels && ownKernels) }
  const traced = trace(withVectors(step, state.vectors), specs, inputs, kernels)
  const graph = sumsAsProducts(optimise(traced.graph))
  const isRead = new Set(graph.inputs.map(({ name }) => name))
  const isUpdated = new Set(traced.updated)
  const kept = Object.keys(specs).filter((name) => isRead.has(stateInput(name)) || isUpdated.has(name))
  const written = new GraphDef(graph, kept.map(stateInput), precision)
  const variables = kept.map((name) => {
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
