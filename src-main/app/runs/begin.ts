import { requireDevice } from '#engine/engines'
import type { TrainingMessage } from '#jobs/train/messages'
import { startTraining, type Training } from '#jobs/train/supervise'
import { workersOf } from '#jobs/train/cluster/cluster'
import { leftOutNotice } from '#jobs/train/cluster/shares'
import type { Fork } from '#platform/processes'
import { appendLog, changeSettings, readRun, updateRun } from '#storage/run/run-folder'
import { requireAgreement } from './clusters'
import { decided } from '#shared/settings/precision'
import type { EngineForRun, Engines } from '#app/engines'

/**
 * The one way to train a run that was made or made ready to go on: by its engine or, where that cannot be used here, by
 * another one with a notice that the person must see.
 */
export async function beginTraining(
  folder: string,
  { fork, engines }: { fork: Fork; engines: Engines },
  onMessage?: (message: TrainingMessage) => void,
): Promise<{ training: Training } & Pick<EngineForRun, 'notice' | 'why'>> {
  const { engine: wanted, cluster, hyperparameters: h } = await readRun(folder)
  await requireAgreement(cluster?.address)
  const choice = cluster
    ? { engine: wanted, precision: decided(h.precision), notice: null, why: null }
    : await engines.choose(wanted, h.precision)
  const { engine, precision, why } = choice
  if (!cluster) await requireDevice(engine, h.device)
  const notice = choice.notice ?? (workersOf({ cluster, engine }) && leftOutNotice(h))
  // A choice by speed is made once, and is no change.
  if (h.precision === 'auto') await updateRun(folder, { hyperparameters: { ...h, precision } })
  else if (precision !== h.precision) await changeSettings(folder, { precision })
  await updateRun(folder, { engine, notice, status: 'starting', error: null })
  if (why) appendLog(folder, why)
  return { training: startTraining(fork, folder, onMessage), notice, why }
}
