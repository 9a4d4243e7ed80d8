import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { Engine, Program, State } from '#engine/engine'
import type { NamedTensorData, StepFunction, TensorSpec } from '#model/tensor/step'
import { imageNetStatistics } from '#shared/image-net'
import type { PixelStatistics } from '#model/augment/crop'
import { readCheckpointTensors } from '#storage/run/checkpoint'
import { readRun } from '#storage/run/run-folder'

/** A question to a model: a step that changes nothing, and the inputs that it takes. */
export interface Question {
  name: string
  step(h: Hyperparameters): StepFunction
  inputs(h: Hyperparameters): Record<string, TensorSpec>
}

/** A checkpoint of a run. */
export interface CheckpointPlace {
  folder: string
  step: number
}

/** The model of a run with the weights of one checkpoint; others of the same settings can take their place. */
export class CheckpointModel {
  private readonly programs = new Map<string, Promise<Program>>()

  private constructor(
    private readonly engine: Engine,
    readonly h: Hyperparameters,
    /** By which the model's images are normalised. */
    readonly statistics: PixelStatistics,
    private readonly state: State,
  ) {}

  /** Throws AppError run-missing, checkpoint-missing or checkpoint-corrupt. */
  static async open(engine: Engine, place: CheckpointPlace): Promise<CheckpointModel> {
    const { hyperparameters, statistics } = await readRun(place.folder)
    return CheckpointModel.of(engine, hyperparameters, await readWeights(place), statistics)
  }

  static of = (
    engine: Engine,
    h: Hyperparameters,
    weights: NamedTensorData,
    statistics: PixelStatistics = imageNetStatistics,
  ) => new CheckpointModel(engine, h, statistics, engine.createState(weights))

  /** Puts the weights of another checkpoint of the same model in place; what was compiled serves them too. */
  async show(place: CheckpointPlace): Promise<void> {
    await this.state.write(await readWeights(place))
  }

  /** Answers a question; its program is compiled the first time. */
  async ask(question: Question, values: Record<string, Float32Array | Int32Array>): Promise<NamedTensorData> {
    return (await this.programFor(question)).run(values)
  }

  /** The program that answers a question, so that it is there when the question comes. */
  programFor({ name, step, inputs }: Question): Promise<Program> {
    const known = this.programs.get(name)
    if (known) return known
    const program = this.engine.compile(step(this.h), this.state, inputs(this.h))
    this.programs.set(name, program)
    return program
  }

  async dispose(): Promise<void> {
    for (const program of this.programs.values()) await (await program).dispose()
    this.state.dispose()
  }
}

async function readWeights({ folder, step }: CheckpointPlace): Promise<NamedTensorData> {
  return (await readCheckpointTensors(folder, step, 'weights.safetensors')).tensors as NamedTensorData
}
