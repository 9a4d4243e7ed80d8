import { type AppErrorData, toErrorData } from '#shared/errors'
import { explainEngineError } from '#engine/explain'
import { endWithParent, parentPort } from '#platform/processes'
import type { Precision } from '#shared/settings/precision'
import { prove, type Proven } from './prove'

/** The process that tries an engine: `proof.js <engine> <threads> <precision>`. A driver that crashes takes only it along. */
export type ProofMessage = { proven: Proven } | { error: AppErrorData }

const [id, threads, precision] = process.argv.slice(2)
const answer = (message: ProofMessage) => parentPort.post(message)

endWithParent(1_000)
prove(id!, { threads: Number(threads), precision: precision as Precision })
  .then((proven) => answer({ proven }))
  .catch((error) => answer({ error: toErrorData(explainEngineError(error)) }))
  // The message is on its way; what a driver keeps open must not hold the process.
  .finally(() => setTimeout(() => process.exit(0), 100))
