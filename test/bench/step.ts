/**
 * Time and peak memory of a training step for a preset, step by step in turns with PyTorch where it is to be had:
 *   npm run bench -- step [preset] [batch] [turns]
 * PYTHON names a Python with torch (default python3), OFFICIAL a clone of the authors' code, github.com/qiy20/SAIM, which
 * needs timm. Without it the PyTorch module of resources/cluster stands in.
 */
import { cpus } from 'node:os'
import type { PresetName } from '#shared/settings/hyperparameters'
import { median } from './median'
import { byTurns, type Measured, ours, pytorch, start } from './turns'

async function main(preset: PresetName, batch: number, turns: number) {
  const threads = cpus().length
  console.log(`${preset}, batch ${batch}, ${turns} turns, ${threads} threads on ${cpus()[0]!.model}`)
  const [other, ...own] = await byTurns(
    [
      pytorch(preset, batch, threads, 'eager'),
      ours('onnxruntime-cpu', preset, batch, threads),
      ours('tensorflow', preset, batch, threads),
      ours('tensorflow', preset, batch, threads, 'bfloat16'),
    ],
    turns,
  )
  const print = ({ name, times, preparation, compilation, peakMegabytes }: Measured) => {
    const compiled = compilation === undefined ? '' : `, of which compiling ${compilation.toFixed(0)} ms`
    console.log(
      `${name.padEnd(36)} median ${median(times).toFixed(0)} ms, fastest ${Math.min(...times).toFixed(0)} ms, ${((1000 * batch) / median(times)).toFixed(0)} images/s, peak ${peakMegabytes.toFixed(0)} MB, ready after ${preparation.toFixed(0)} ms${compiled}`,
    )
  }
  if (other) print(other)
  else console.log('PyTorch: not here (set PYTHON to a Python that has torch).')
  for (const engine of own.filter((engine) => engine !== null)) {
    print(engine)
    if (!other) continue
    const ratios = engine.times.map((time, turn) => time / other.times[turn]!)
    console.log(
      `  takes ${median(ratios).toFixed(2)} of PyTorch's time (median of turns; quicker in ${ratios.filter((r) => r < 1).length} of ${turns}) and ${(engine.peakMegabytes / other.peakMegabytes).toFixed(2)} of its memory`,
    )
  }
}

start(([preset = 'nano', batch = '64', turns = '20']) =>
  main(preset as PresetName, Number(batch), Number(turns)),
)
