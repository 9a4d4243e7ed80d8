import { z } from 'zod'
import { call, count, filePath, id } from './common'

export const exportCalls = {
  /** Writes a checkpoint's weights into `folder`; the newest checkpoint where no step is given. */
  'exports.create': call(
    z.object({ id, step: count.optional(), format: z.enum(['safetensors']), folder: filePath }),
    z.object({ path: filePath, bytes: count }),
  ),
} as const
