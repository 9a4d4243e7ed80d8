import { z } from 'zod'
import { call, nothing, time } from './common'
import { words } from './strings'

const machine = z.object({
  /** Such as https://gpu-box:7001. */
  origin: z.string(),
  /** Whether it can be opened by its origin; otherwise its address must be pasted again. */
  hasToken: z.boolean(),
  /** When it was opened last. */
  usedAt: time.nullable(),
})
export type Machine = z.infer<typeof machine>

/** Other machines that the application has opened, the latest first. Electron only. */
export const machineCalls = {
  'machines.list': call(nothing, z.array(machine)),
  /** Opens a window of another machine, by the address that `saim serve` printed there or the origin of a known one. */
  'machines.open': call(z.object({ address: words(4096) }), z.array(machine)),
  /** Whether something answers at the address of a known machine. */
  'machines.reach': call(z.object({ origin: words(4096) }), z.boolean()),
  'machines.forget': call(z.object({ origin: words(4096) }), z.array(machine)),
} as const
