import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Command } from 'commander'
import { percent } from '#shared/format'
import { createEngine } from '#engine/engines'
import type { DatasetIndex } from '#images/index/dataset-index'
import { keepMeasured } from '#images/index/measured'
import { type FeaturesOf, toMeasure } from '#inference/features/kept-features'
import { measure } from '#inference/features/measure'
import { chooseStep } from '#storage/run/checkpoint'
import { findRun } from '#storage/run/find'
import { readRun } from '#storage/run/run-folder'
import type { CheckpointOptions } from './checkpoint'
import { say } from './answer'
import { engineFor } from './engines'
import { withImages } from './images'
import { engineOption, runArgument, runsOption, stepOption, threadsOption } from './options'

/** What commands share that put the images of a folder in order by what a checkpoint sees of them. */

export interface MeasuredOptions extends CheckpointOptions {
  engine: string
}

export const measuredCommand = (name: string): Command =>
  new Command(name)
    .argument('<run>', runArgument)
    .argument('[folder]', 'the images; without it, those of the run')
    .addOption(runsOption())
    .addOption(stepOption())
    .addOption(engineOption())
    .addOption(threadsOption())

/** Scans a folder, has the checkpoint look at the images that it has not seen yet, and closes the index after the work. */
export async function withMeasured<T>(
  run: string,
  images: string | undefined,
  options: MeasuredOptions,
  work: (index: DatasetIndex, checkpoint: FeaturesOf) => Promise<T>,
): Promise<T> {
  const folder = await findRun(run, options.runs)
  const step = await chooseStep(folder, options.step)
  const { hyperparameters, dataset } = await readRun(folder)
  const checkpoint = { run: path.basename(folder), step, width: hyperparameters.width }
  return withImages(images ?? dataset.folder, async ({ index }) => {
    const temporary = mkdtempSync(path.join(tmpdir(), 'saim-measure-'))
    try {
      const manifest = path.join(temporary, 'images.json')
      const { pending, ...to } = await toMeasure(index, checkpoint, manifest)
      if (pending > 0) {
        const engine = await createEngine(await engineFor(options.engine), options)
        const asked = { place: { folder, step }, folder: index.folder, manifest, ...to }
        let told = Date.now()
        await measure(engine, asked, {
          signal: new AbortController().signal,
          onBatch(found, share) {
            keepMeasured(index, checkpoint, found)
            if (share < 1 && Date.now() - told < 10_000) return
            told = Date.now()
            say(`Measured ${percent(share)}`)
          },
        })
      }
    } finally {
      rmSync(temporary, { recursive: true, force: true })
    }
    return work(index, checkpoint)
  })
}
