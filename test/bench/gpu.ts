/**
 * `npm run bench -- gpu [tiny,small,base] [batch] [seconds]`: training steps in every engine and precision that is here, beside
 * PyTorch, on an NVIDIA GPU where there is one, else on what there is. Installs nothing, and ends after 8 minutes. Prints a table
 * and writes it to docs/benchmarks/<machine>-steps.md. PYTHON and OFFICIAL are those of `step`.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { engineChoices } from '#engine/engines'
import { hasNvidiaDriver } from '#engine/nvidia'
import type { PresetName } from '#shared/settings/hyperparameters'
import type { Precision } from '#shared/settings/precision'
import { appVersion } from '#shared/version'
import { median } from './median'
import { alone, type Measured, ours, pytorch, start } from './turns'

/** Images at once that fill a large GPU, and what a CPU ends with in this life. */
const batches = {
  gpu: { nano: 512, tiny: 512, small: 128, base: 64 },
  cpu: { nano: 64, tiny: 64, small: 8, base: 4 },
}
const folder = 'docs/benchmarks'
/** Milliseconds that all may take, and steps of each at most. */
const [budget, steps] = [480_000, 30]

/** What a driver's own tool said while a contestant ran: the most memory, and the mean of how busy the GPU was. */
interface Card {
  megabytes: number
  busy: number
}

/** Watches the GPU until it is asked; null where the tool is not here. */
function watch(): () => Card | null {
  const query = ['--query-gpu=memory.used,utilization.gpu', '--format=csv,noheader,nounits', '-lms', '200']
  const child = spawn('nvidia-smi', query, { stdio: ['ignore', 'pipe', 'ignore'] })
  child.on('error', () => undefined)
  const seen: number[][] = []
  child.stdout.on('data', (text: Buffer) => {
    for (const line of text.toString().trim().split('\n')) seen.push(line.split(',').map(Number))
  })
  return () => {
    child.kill()
    if (seen.length === 0) return null
    // Compiling leaves a GPU idle: the last half of the time is that of the steps.
    const busy = seen.slice(seen.length >> 1).map((values) => values[1]!)
    return {
      megabytes: Math.max(...seen.map((values) => values[0]!)),
      busy: busy.reduce((sum, value) => sum + value, 0) / busy.length,
    }
  }
}

async function main(presets: PresetName[], batch: number | null, seconds: number): Promise<void> {
  const until = performance.now() + budget
  const device = hasNvidiaDriver() ? 'gpu' : 'cpu'
  const threads = cpus().length
  const engines = engineChoices.filter(
    ({ platforms, isHere }) => (platforms?.includes(process.platform) ?? true) && isHere(),
  )
  const rows: string[] = []
  for (const preset of presets) {
    const size = batch ?? batches[device][preset]
    const python = (mode: 'eager' | 'compile') =>
      (['float32', 'tf32', 'float16'] as Precision[])
        .filter((precision) => device === 'gpu' || precision === 'float32')
        .map((precision) => ({
          name: `PyTorch, ${mode}, ${precision}`,
          contestant: pytorch(preset, size, threads, mode, precision),
        }))
    const contestants = [
      ...engines.flatMap(({ id, precisions }) =>
        precisions.map((precision) => ({
          name: `${id}, ${precision}`,
          contestant: ours(id, preset, size, threads, precision),
        })),
      ),
      ...python('eager'),
      ...python('compile'),
    ]
    for (const { name, contestant } of contestants) {
      if (performance.now() > until) {
        rows.push(`| ${preset} | ${size} | ${name} | no time left | | | | |`)
        continue
      }
      const seen = watch()
      const limit = Math.min(1000 * seconds, until - performance.now())
      rows.push(rowOf(preset, size, name, await alone(contestant, steps, limit), seen()))
      console.log(rows.at(-1))
    }
  }
  keep(device, rows)
}

function rowOf(
  preset: string,
  size: number,
  name: string,
  measured: Measured | null,
  card: Card | null,
): string {
  if (!measured?.times.length) return `| ${preset} | ${size} | ${name} | not here, or not in time | | | | |`
  const step = median(measured.times)
  const [memory, idle] = card ? [card.megabytes.toFixed(0), `${(100 - card.busy).toFixed(0)} %`] : ['', '']
  return `| ${preset} | ${size} | ${measured.name.includes('torch ') ? measured.name : name} | ${step.toFixed(1)} | ${((1000 * size) / step).toFixed(1)} | ${memory} | ${idle} | ${measured.peakMegabytes.toFixed(0)} |`
}

function keep(device: 'gpu' | 'cpu', rows: string[]): void {
  const processor = cpus()[0]!.model
  const page = [
    `# Steps of every engine and precision: ${processor}, ${cpus().length} cores${device === 'cpu' ? ', no GPU' : ''}`,
    `Made by \`npm run bench -- gpu\` of version ${appVersion} on ${new Date().toISOString().slice(0, 10)}: each contestant by itself, one after another; medians. Memory of the GPU is the most that nvidia-smi saw, of all programs; idle is what it says of the last half of a contestant's time.${device === 'cpu' ? ' This machine has no GPU: these are figures of its processor, and show that the script works.' : ''}`,
    [
      '| Preset | Batch | | Step, ms | Images/s | GPU memory, MB | GPU idle | Memory, MB |',
      '| --- | --: | --- | --: | --: | --: | --: | --: |',
      ...rows,
    ].join('\n'),
  ].join('\n\n')
  const name = `${processor} ${cpus().length} steps`.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/${name}.md`, `${page}\n`)
}

start(([presets = 'tiny,small,base', batch = '', seconds = '25']) =>
  main(presets.split(',') as PresetName[], batch ? Number(batch) : null, Number(seconds)),
)
