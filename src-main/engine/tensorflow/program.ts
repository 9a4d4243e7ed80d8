import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { InputValues, NamedTensorData, StepFunction, TensorData, TensorSpec } from '#model/tensor/step'
import { withVectors } from '#model/tensor/vectors'
import type { Precision } from '#shared/settings/precision'
import type { Program } from '#engine/engine'
import type { Addon, Handle } from './addon'
import { encodeSavedModel } from './saved-model'
import type { GraphState, Holder } from './state'
import { type Layout, updateTensor, writeStep } from './write-step'

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
    const { hasOwnKernels, usesGpu } = addon
    const { vectors } = state
    const { graph, layout } = writeStep(withVectors(step, vectors), state.specs(), inputs, {
      precision,
      hasOwnKernels,
      usesGpu,
    })
    const folder = await mkdtemp(path.join(tmpdir(), 'saim-graph-'))
    try {
      await writeFile(path.join(folder, 'saved_model.pb'), encodeSavedModel(graph))
      return new GraphProgram(addon, addon.open(folder), state, layout)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async run(inputs: Record<string, InputValues>): Promise<NamedTensorData> {
    const { variables, updated, outputs } = this.layout
    this.state.bring(Object.keys(variables), this)
    const given = Object.fromEntries(
      Object.entries(this.layout.inputs).map(([name, { tensor, shape }]) => {
        const values = inputs[name]!
        // Bytes are read where they lie: nothing but the run's cast does so, and no variable can become them.
        const own = values instanceof Uint8Array ? values : values.slice()
        return [tensor, this.addon.put({ shape, values: own })]
      }),
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
