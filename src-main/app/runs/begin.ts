import type { TrainingMessage } from '#jobs/train/messages'
import { startTraining, type Training } from '#jobs/train/supervise'
import { leftOutNotice } from '#jobs/train/cluster/shares'
import type { Fork } from '#platform/processes'
import { changeSettings, readRun, updateRun } from '#storage/run/run-folder'
import { requireAgreement } from './clusters'
import type { Engines } from '#app/engines'

/**
 * The one way to train a run that was made or made ready to go on: by its engine or, where that cannot be used here, by
 * another one with a notice that the person must see.
 */
export async function beginTraining(
  folder: string,
  { fork, engines }: { fork: Fork; engines: Engines },
  onMessage?: (message: TrainingMessage) => void,
): Promise<{ training: Training; notice: string | null }> {
  const { engine: wanted, cluster, hyperparameters: h } = await readRun(folder)
  await requireAgreement(cluster?.address)
  const choice = cluster
    ? { engine: wanted, precision: h.precision, notice: leftOutNotice(h) }
    : await engines.choose(wanted, h.precision)
  const { engine, precision, notice } = choice
  if (precision !== h.precision) await changeSettings(folder, { precision })
  await updateRun(folder, { engine, notice, status: 'starting', error: null })
  return { training: startTraining(fork, folder, onMessage), notice }
}
