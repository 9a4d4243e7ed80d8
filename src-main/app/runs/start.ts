import { mkdir } from 'node:fs/promises'
import type { Split } from '#shared/contract'
import type { SplitRule } from '#images/index/split'
import type { PixelStatistics } from '#model/augment/crop'
import { initialFrom } from '#storage/run/origin'
import { createRun, type NewRun } from '#storage/run/run-folder'
import { agreeToCluster } from './clusters'
import { requireTrainer } from './trainer'

/** The images of a new run, whoever keeps their index: this process or another. */
export interface RunImages {
  /** Writes the list of them; answers how many each split has. */
  writeManifest(file: string, rule: SplitRule): Promise<Record<Split, number>>
  /** Mean and deviation of their channels. */
  statistics(): Promise<PixelStatistics>
}

/** What is chosen about a new run; all else follows from its settings. */
export interface RunOrder extends Omit<NewRun, 'statistics' | 'writeManifest' | 'initial'> {
  runsFolder: string
  images: RunImages
  /** Begins with the weights of a checkpoint, the newest where no step is given. */
  from?: { folder: string; step?: number }
}

/**
 * The one way to make a run: for the window, the command line, sweeps and imports. Answers its folder; `beginTraining`
 * trains it. Throws AppError bad-settings, engine-unavailable, no-images, checkpoint-missing or checkpoint-corrupt.
 */
export async function startRun({ runsFolder, images, from, ...chosen }: RunOrder): Promise<string> {
  const h = chosen.hyperparameters
  requireTrainer(chosen, h)
  await agreeToCluster(chosen.cluster?.address)
  await mkdir(runsFolder, { recursive: true })
  return createRun(runsFolder, {
    ...chosen,
    statistics: h.normalization === 'dataset' ? await images.statistics() : undefined,
    writeManifest: (file) =>
      images.writeManifest(file, { fraction: h.validationFraction, seed: h.splitSeed }),
    initial: from && (await initialFrom(from.folder, h, from.step)),
  })
}
