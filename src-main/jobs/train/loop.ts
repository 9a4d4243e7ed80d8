import type { Lock } from '#storage/lock'
import type { EndStatus, TrainingMessage } from './messages'
import { type Control, lockLost, requested } from './prepare'
import { Session } from './session/session'
import { messagesRead } from '#platform/background'

/**
 * Trains the run of a folder from its newest checkpoint, or from the start, to its end or until `control.stop`. Whoever calls
 * it holds the run's lock. Throws AppError; the last checkpoint then stands.
 */
export async function train(
  folder: string,
  control: Control,
  lock: Lock,
  tell: (message: TrainingMessage) => void,
): Promise<Exclude<EndStatus, 'failed'>> {
  const session = await Session.open(folder, tell)
  try {
    while (!session.isDone && !(control.stop ??= requested(folder))) {
      if (!lock.isMine()) throw lockLost()
      const numbers = await session.update()
      const validationLoss = await session.validate()
      session.note(numbers, validationLoss)
      await session.checkHealth()
      if (session.isCheckpointDue) {
        await session.save()
        await session.requireSpaceForNext()
      }
      await messagesRead()
    }
    if (!session.isSaved) await session.save()
    await session.finish()
    return session.isDone ? 'finished' : control.stop!
  } finally {
    await session.close()
  }
}
