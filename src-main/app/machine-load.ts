import { cpus, freemem, totalmem } from 'node:os'
import type { Handlers } from '#shared/contract'
import { readGpus } from '#engine/nvidia'
import { runsFolder } from '#platform/paths'
import { freeDiskBytes } from '#storage/disk'

/** How busy the machine is: the CPU since the call before, or since the start; memory and the runs' disk now. */
export function machineLoad(): Handlers['app.load'] {
  let before = { busy: 0, all: 0 }
  return async () => {
    const now = cpuTimes()
    const all = now.all - before.all
    const cpu = all > 0 ? (now.busy - before.busy) / all : 0
    before = now
    return {
      cpu: Math.min(Math.max(cpu, 0), 1),
      memoryBytes: totalmem(),
      usedMemoryBytes: totalmem() - freemem(),
      gpus: await readGpus(),
      freeDiskBytes: await freeDiskBytes(runsFolder()).catch(() => null),
    }
  }
}

/** The name of the CPU without marks of trade and what stands elsewhere. */
export const processorName = (): string =>
  (cpus()[0]?.model ?? 'Unknown')
    .replace(/\((R|TM|C)\)|®|™|\bCPU\b|\bProcessor\b|@.*|\d+-Core/gi, ' ')
    .replace(/\s+/g, ' ')
    .trim()

/** Milliseconds of all cores together. */
function cpuTimes() {
  const times = cpus().map((cpu) => cpu.times)
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0)
  return { all, busy: all - times.reduce((sum, { idle }) => sum + idle, 0) }
}
