import { existsSync } from 'node:fs'
import { outputOf, startProgram } from '#platform/programs'

/** Whether the driver of an NVIDIA GPU is here: its own, or Windows's that Linux has within it. */
export const hasNvidiaDriver = () => existsSync('/proc/driver/nvidia/version') || existsSync('/dev/dxg')

/** An NVIDIA GPU now; what it does not tell is null. */
export interface Gpu {
  name: string
  memoryBytes: number | null
  usedMemoryBytes: number | null
  /** The share of the last moments in which it computed. */
  busy: number | null
  /** Degrees Celsius. */
  temperature: number | null
}

const asked = ['name', 'memory.total', 'memory.used', 'utilization.gpu', 'temperature.gpu']
let isMissing = false

/** Milliseconds that a reading is good for: it takes a process, and each look at the machine and each estimate asks. */
const goodFor = 1_000
let reading = { at: -Infinity, gpus: Promise.resolve<Gpu[]>([]) }

/** The NVIDIA GPUs of this machine by the driver's own program; none where that is not here. */
export function readGpus(): Promise<Gpu[]> {
  const now = performance.now()
  if (now - reading.at > goodFor) reading = { at: now, gpus: askDriver() }
  return reading.gpus
}

async function askDriver(): Promise<Gpu[]> {
  if (isMissing) return []
  const parameters = [`--query-gpu=${asked.join()}`, '--format=csv,noheader,nounits']
  const child = startProgram('nvidia-smi', parameters, { stdio: ['ignore', 'pipe', 'pipe'] })
  const answer = await outputOf(child).catch(() => null)
  isMissing = answer === null
  return answer?.code === 0 ? gpusOf(answer.output.toString()) : []
}

/** What nvidia-smi prints: a line for each GPU, memory in MiB, shares in percent. */
export function gpusOf(text: string): Gpu[] {
  const lines = text.split('\n').filter((line) => line.includes(','))
  return lines.map((line) => {
    const [name, ...rest] = line.split(',').map((part) => part.trim())
    const [total, used, busy, temperature] = rest.map((part) => (/^\d+$/.test(part) ? Number(part) : null))
    const bytes = (mebibytes: number | null | undefined) => (mebibytes == null ? null : mebibytes * 2 ** 20)
    return {
      name: name!,
      memoryBytes: bytes(total),
      usedMemoryBytes: bytes(used),
      busy: busy == null ? null : busy / 100,
      temperature: temperature ?? null,
    }
  })
}
