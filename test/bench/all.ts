/**
 * Training steps of presets on each engine, and of compiled PyTorch, each in turns with eager PyTorch where it is to be had:
 *   npm run bench -- all [turns] [nano,tiny,small,base]
 * Prints a table and keeps it with the machine's description in docs/benchmarks.md and docs/benchmarks/<machine>.json.
 * PYTHON and OFFICIAL are those of `step`.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { appVersion } from '#shared/version'
import type { PresetName } from '#shared/settings/hyperparameters'
import { tensorflowAddon } from '#platform/paths'
import { median } from './median'
import { measureRoof, type Roof, roofline, workOf } from './roofline'
import { byTurns, type Measured, ours, pytorch, start } from './turns'

const batches: Record<PresetName, number> = { nano: 64, tiny: 64, small: 8, base: 4 }
const folder = 'docs/benchmarks'

interface Row {
  preset: PresetName
  batch: number
  turns: number
  date: string
  name: string
  stepMilliseconds: number
  /** The median of a turn's time by that of PyTorch in the same turn. */
  ofPytorch: number | null
  imagesPerSecond: number
  peakMegabytes: number
  readySeconds: number
  /** What of that is compiling the step; null where it is done in the first step. */
  compileSeconds: number | null
  firstStepSeconds: number
  /** 10⁹ operations of matrix products each second. */
  gigaflops: number
  /** Operations for each byte that the nodes of our graph read and write. */
  intensity: number
}

interface Report {
  machine: Roof & {
    processor: string
    cores: number
    memoryGigabytes: number
    system: string
  }
  version: string
  rows: Row[]
}

/** What took turns with eager PyTorch, where that is to be had. */
interface Pair {
  eager: Measured | null
  measured: Measured
}

async function measure(preset: PresetName, turns: number): Promise<Row[]> {
  const [batch, threads] = [batches[preset], cpus().length]
  const others = [
    pytorch(preset, batch, threads, 'compile'),
    ours('onnxruntime-cpu', preset, batch, threads),
    ...(existsSync(tensorflowAddon())
      ? (['float32', 'bfloat16'] as const).map((precision) =>
          ours('tensorflow', preset, batch, threads, precision),
        )
      : []),
  ]
  // In pairs: more than two of the largest models are too much for the memory of small machines.
  const pairs: Pair[] = []
  for (const other of others) {
    const [eager, measured] = await byTurns([pytorch(preset, batch, threads, 'eager'), other], turns)
    if (eager && pairs.length === 0) pairs.push({ eager, measured: eager })
    if (measured) pairs.push({ eager: eager ?? null, measured })
  }
  const { operations, bytes } = workOf(preset, batch)
  return pairs.map(
    ({ eager, measured: { name, times, peakMegabytes, preparation, compilation, firstStep } }) => {
      const step = median(times)
      return {
        preset,
        batch,
        turns,
        date: new Date().toISOString().slice(0, 10),
        name,
        stepMilliseconds: step,
        ofPytorch: eager ? median(times.map((time, turn) => time / eager.times[turn]!)) : null,
        imagesPerSecond: (1000 * batch) / step,
        peakMegabytes,
        readySeconds: preparation / 1000,
        compileSeconds: compilation === undefined ? null : compilation / 1000,
        firstStepSeconds: firstStep / 1000,
        gigaflops: operations / (step * 1e6),
        intensity: operations / bytes,
      }
    },
  )
}

function tableOf({ machine, version, rows }: Report): string {
  const { processor, cores, memoryGigabytes, system, peakGigaflops, gigabytesPerSecond } = machine
  return [
    `## ${processor}, ${cores} cores`,
    `${system}, ${memoryGigabytes.toFixed(0)} GB of memory, version ${version}. Matrix products of 1024 × 1024 reach ${peakGigaflops.toFixed(0)} GFLOP/s in onnxruntime, additions of 67 MB ${gigabytesPerSecond.toFixed(0)} GB/s.`,
    [
      '| Preset | Batch | Date | Turns | | Step, ms | Of eager PyTorch | Images/s | Peak, MB | Ready, s | Compiled, s | First step, s | GFLOP/s | Of peak | FLOP/byte |',
      '| --- | --: | --- | --: | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |',
      ...rows.map(
        (r) =>
          `| ${r.preset} | ${r.batch} | ${r.date} | ${r.turns} | ${r.name} | ${r.stepMilliseconds.toFixed(0)} | ${r.ofPytorch?.toFixed(2) ?? ''} | ${r.imagesPerSecond.toFixed(1)} | ${r.peakMegabytes.toFixed(0)} | ${r.readySeconds.toFixed(1)} | ${r.compileSeconds?.toFixed(1) ?? ''} | ${r.firstStepSeconds.toFixed(1)} | ${r.gigaflops.toFixed(0)} | ${((100 * r.gigaflops) / peakGigaflops).toFixed(0)} % | ${r.intensity.toFixed(1)} |`,
      ),
    ].join('\n'),
    `![What bandwidth and peak allow, and what steps in 32 bits reached](benchmarks/${fileName(machine)}.svg)`,
  ].join('\n\n')
}

const introduction = `# Benchmarks

Made by \`npm run bench -- all\`. Each contestant makes one training step by turns with eager PyTorch, so that what else a
machine does slows both alike; times are medians of the turns, and the share of eager PyTorch's time is the median of the
turns' ratios. Memory is the most that a process held. Ready is the time from the start of the program, with a loaded
runtime, to its first step, compiled the part of it that traces and compiles the step; PyTorch and TensorFlow compile in
their first step too, which has a column of its own. GFLOP/s count the matrix products of our graph for all
contestants, whatever they compute; FLOP/byte are the same for each byte that the nodes of our graph read and write. What caches
hold does not go to memory, so that steps can lie above what the figure's bandwidth allows.

\`npm run bench -- gpu\` writes a page of its own beside this one, docs/benchmarks with the machine's name and \`-steps.md\`: every engine and
precision that is here, beside PyTorch. It ran through on a processor; on a GPU it has not run yet, so that no figure of one is here.`

const fileName = ({ processor, cores }: Report['machine']) =>
  `${processor} ${cores}`.toLowerCase().replace(/[^a-z0-9]+/g, '-')

/** Keeps a machine's report, with what was measured there before of other presets, and makes the page of all reports anew. */
function keep(report: Report): void {
  mkdirSync(folder, { recursive: true })
  const file = `${folder}/${fileName(report.machine)}.json`
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Report
  const isNew = new Set(report.rows.map(({ preset }) => preset))
  const before = existsSync(file) ? read(file) : { ...report, rows: [] }
  const older = before.rows.filter(({ preset }) => !isNew.has(preset))
  // The best that was ever seen: what else the machine did made it less.
  const best = (what: keyof Roof) => Math.max(report.machine[what], before.machine[what])
  const machine = {
    ...report.machine,
    peakGigaflops: best('peakGigaflops'),
    gigabytesPerSecond: best('gigabytesPerSecond'),
  }
  const order = Object.keys(batches)
  const rows = [...older, ...report.rows].sort((a, b) => order.indexOf(a.preset) - order.indexOf(b.preset))
  writeFileSync(file, `${JSON.stringify({ ...report, machine, rows }, null, 2)}\n`)
  const reports = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => read(`${folder}/${file}`))
  for (const { machine, rows } of reports) {
    const points = rows
      .filter(({ name }) => !name.endsWith('bfloat16'))
      .map(({ preset, name, intensity, gigaflops }) => ({
        label: preset,
        kind: name.replace(/torch .*, /, ''),
        intensity,
        gigaflops,
      }))
    writeFileSync(`${folder}/${fileName(machine)}.svg`, roofline(machine, points))
  }
  writeFileSync(`${folder}.md`, `${[introduction, ...reports.map(tableOf)].join('\n\n')}\n`)
}

async function main(turns: number, presets: PresetName[]) {
  const report: Report = {
    machine: {
      processor: cpus()[0]!.model,
      cores: cpus().length,
      memoryGigabytes: totalmem() / 2 ** 30,
      system: `${type()} ${release()}`,
      ...(await measureRoof()),
    },
    version: appVersion,
    rows: [],
  }
  for (const preset of presets) {
    report.rows.push(...(await measure(preset, turns)))
    keep(report)
  }
  console.log(tableOf(report))
}

start(([turns = '8', presets = Object.keys(batches).join()]) =>
  main(Number(turns), presets.split(',') as PresetName[]),
)
