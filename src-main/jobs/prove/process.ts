import type { EngineProof } from '#shared/contract'
import { type AppErrorData, toErrorData } from '#shared/errors'
import { explainEngineError } from '#engine/explain'
import { endWithParent, parentPort } from '#platform/processes'
import { prove } from './prove'

/** The process that tries an engine: `proof.js <engine> <threads>`. A driver that crashes takes only it along. */
export type ProofMessage = { proof: EngineProof } | { error: AppErrorData }

const [id, threads] = process.argv.slice(2)
const answer = (message: ProofMessage) => parentPort.post(message)

endWithParent(1_000)
prove(id!, { threads: Number(threads) })
  .then((proof) => answer({ proof }))
  .catch((error) => answer({ error: toErrorData(explainEngineError(error)) }))
  // The message is on its way; what a driver keeps open must not hold the process.
  .finally(() => setTimeout(() => process.exit(0), 100))
