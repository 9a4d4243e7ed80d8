import { z } from 'zod'
import { call, nothing } from './common'

const machine = z.object({
  /** Such as https://gpu-box:7001. */
  origin: z.string(),
  /** Whether it can be opened by its origin; otherwise its address has to be pasted again. */
  hasToken: z.boolean(),
})
export type Machine = z.infer<typeof machine>

/** Other machines that the application has shown, the last one first. Electron only. */
export const machineCalls = {
  'machines.list': call(nothing, z.array(machine)),
  /** Opens a window of another machine, by the address that its `saim serve` printed or by the origin of a known one. */
  'machines.open': call(z.object({ address: z.string().max(4096) }), z.array(machine)),
  'machines.forget': call(z.object({ origin: z.string() }), z.array(machine)),
} as const
