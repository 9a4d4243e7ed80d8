/**
 * Time and peak memory of a training step for a preset, beside PyTorch where it is to be had:
 *   npm run bench -- step [preset] [batch] [steps]
 * PYTHON names a Python with torch (default python3), OFFICIAL a clone of the authors' code, github.com/qiy20/SAIM, which
 * needs timm. Without it the PyTorch module of resources/cluster stands in.
 */
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { createEngine } from '../../src-main/engine'
import { initialWeights } from '../../src-main/saim/weights'
import { compileUpdate, startingState } from '../../src-main/training/update'
import { fromPreset, type PresetName } from '../../src-shared/hyperparameters'

const [preset = 'nano', batchSize = '64', steps = '12'] = process.argv.slice(2)
const h = fromPreset(preset as PresetName, { batchSize: Number(batchSize), accumulation: 1 })
const threads = cpus().length

async function ours() {
  const start = performance.now()
  const engine = await createEngine('onnxruntime-cpu', { threads })
  const state = startingState(h, engine, initialWeights(h, 0))
  const update = await compileUpdate(h, engine, state)
  const compiled = performance.now() - start
  const images = Float32Array.from({ length: h.batchSize * h.imageSize ** 2 * 3 }, (_, i) =>
    Math.sin(i * 12.9898),
  )
  const batch = { images, indices: [...Array(h.batchSize).keys()], epoch: 0 }
  const times: number[] = []
  for (let step = 1; step <= Number(steps); step++) {
    const begin = performance.now()
    await update.run([batch], 1e-4, step)
    times.push(performance.now() - begin)
  }
  await update.close()
  const sorted = times.slice(2).sort((a, b) => a - b)
  return {
    median: sorted[sorted.length >> 1]!,
    fastest: sorted[0]!,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
    compiled,
  }
}

function pytorch(): { median: number; fastest: number; peakMegabytes: number; name: string } | null {
  const parameters = [
    'test/bench/pytorch_step.py',
    JSON.stringify(h),
    String(h.batchSize),
    steps,
    String(threads),
  ]
  const { stdout, status } = spawnSync(process.env['PYTHON'] ?? 'python3', parameters, { encoding: 'utf8' })
  return status === 0 ? JSON.parse(stdout) : null
}

const line = (name: string, r: { median: number; fastest: number; peakMegabytes: number }) =>
  `${name.padEnd(36)} median ${r.median.toFixed(0)} ms, fastest ${r.fastest.toFixed(0)} ms, ${((1000 * h.batchSize) / r.median).toFixed(0)} images/s, peak ${r.peakMegabytes.toFixed(0)} MB`

async function main() {
  const result = await ours()
  console.log(`${preset}, batch ${h.batchSize}, ${steps} steps, ${threads} threads on ${cpus()[0]!.model}`)
  console.log(`${line('onnxruntime-cpu', result)}, compiled in ${result.compiled.toFixed(0)} ms`)
  const other = pytorch()
  if (other) {
    console.log(line(other.name, other))
    console.log(
      `Ours takes ${(result.median / other.median).toFixed(2)} of the time and ${(result.peakMegabytes / other.peakMegabytes).toFixed(2)} of the memory.`,
    )
  } else console.log('PyTorch: not here (set PYTHON to a Python that has torch).')
}

void main()
