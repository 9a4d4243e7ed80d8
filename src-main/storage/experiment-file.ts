import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { type PlannedRun, sweepPlan } from '#shared/settings/ablations'
import { experiment, type Experiment, experimentScore, type ExperimentScore } from '#shared/contract'
import { count } from '#shared/contract/common'
import { id } from '#shared/contract/strings'
import { AppError } from '#shared/errors'
import { dataFolder } from '#platform/paths'
import { reasonOf } from '#shared/system-errors'
import { entriesOf, isMissing } from './own-files'
import { readRecord, writeRecord } from './record'

/**
 * The record of an experiment, experiments/<id>.json in the data folder: what is compared, and which runs do it. Results
 * stand in the folders of the runs. Whoever holds <id>.lock asks what its runs learned.
 */
const experimentFile = experiment.pick({ name: true, dataset: true, seeds: true, createdAt: true }).extend({
  format: z.literal(1),
  plan: sweepPlan,
  runsFolder: z.string(),
  /** How its runs are asked what they learned; nothing where the images have no classes. */
  asks: z.array(experimentScore),
  /** Whether random weights are asked too, those of the first variant of each seed. */
  baseline: z.boolean().default(false),
  runs: z.array(
    z.object({
      changes: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])),
      seed: count,
      run: id.nullable(),
    }),
  ),
})
export type ExperimentFile = z.infer<typeof experimentFile>

const experimentsFolder = () => path.join(dataFolder(), 'experiments')

export const experimentPaths = (id: string) => ({
  file: path.join(experimentsFolder(), `${id}.json`),
  lock: path.join(experimentsFolder(), `${id}.lock`),
})

export interface NewExperiment extends Pick<ExperimentFile, 'name' | 'plan' | 'seeds' | 'runsFolder'> {
  dataset: Experiment['dataset']
  /** Classes of the images: without two of them nobody can be asked. */
  classes: number
  planned: PlannedRun[]
  scores?: ExperimentScore[]
  baseline?: boolean
}

/** Writes the record of a new experiment whose runs are still to be made; answers its id. */
export async function createExperiment({
  classes,
  planned,
  scores = ['knn', 'probe'],
  baseline = false,
  ...chosen
}: NewExperiment): Promise<string> {
  const createdAt = new Date().toISOString()
  const id = `experiment-${createdAt.replace(/[-:]/g, '').replace('T', '-').slice(0, 15)}-${Math.random().toString(36).slice(2, 6).padEnd(4, '0')}`
  const file: ExperimentFile = {
    format: 1,
    ...chosen,
    asks: classes > 1 ? scores : [],
    baseline: classes > 1 && baseline,
    runs: planned.map(({ changes, seed }) => ({ changes, seed, run: null })),
    createdAt,
  }
  await mkdir(experimentsFolder(), { recursive: true })
  await writeRecord(experimentPaths(id).file, file)
  return id
}

/** Throws AppError experiment-missing. */
export async function readExperiment(id: string): Promise<ExperimentFile> {
  try {
    return experimentFile.parse(await readRecord(experimentPaths(id).file))
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError(
      'experiment-missing',
      isMissing(error)
        ? `There is no experiment ${id}.`
        : `The experiment ${id} cannot be read: ${reasonOf(error)}.`,
      'Look at the list.',
    )
  }
}

/** Notes which run does the n-th of what is planned. */
export async function noteRun(id: string, n: number, run: string): Promise<void> {
  const file = await readExperiment(id)
  const runs = file.runs.map((planned, i) => (i === n ? { ...planned, run } : planned))
  await writeRecord(experimentPaths(id).file, { ...file, runs })
}

/** Adds runs that are still to be made; answers the place of the first. */
export async function addPlanned(
  id: string,
  seeds: number,
  planned: Pick<PlannedRun, 'changes' | 'seed'>[],
): Promise<number> {
  const file = await readExperiment(id)
  const more = planned.map(({ changes, seed }) => ({ changes, seed, run: null }))
  await writeRecord(experimentPaths(id).file, { ...file, seeds, runs: [...file.runs, ...more] })
  return file.runs.length
}

/** The ids of all experiments, oldest first. */
export async function experimentIds(): Promise<string[]> {
  const entries = await entriesOf(experimentsFolder())
  return entries.flatMap(({ name }) => /^(experiment-[\w-]+)\.json$/.exec(name)?.[1] ?? []).sort()
}

export async function removeExperiment(id: string): Promise<void> {
  const { file } = experimentPaths(id)
  await rm(`${file}.copy`, { force: true })
  await rm(file)
}
