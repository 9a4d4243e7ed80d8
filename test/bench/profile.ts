/**
 * Where the time of a training step goes, by operator and by node, as onnxruntime's profiler counts it:
 *   npm run bench -- profile [preset] [batch]
 */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { encodeModel } from '#engine/onnx/encode'
import { sizeOf } from '#model/tensor/step'
import { withMoments } from '#model/optimizers/adamw'
import { orders, withPlaces } from '#model/objectives/order'
import { fromPreset, patchCount, type PresetName } from '#shared/settings/hyperparameters'
import { stepGraph } from './roofline'
import { initialWeights } from '#model/objectives/index'

const [preset = 'nano', batch = '64'] = process.argv.slice(2)
const h = fromPreset(preset as PresetName, { batchSize: Number(batch), accumulation: 1 })
const steps = 4

interface Event {
  cat: string
  name: string
  dur: number
  args: { op_name?: string; output_type_shape?: Record<string, number[]>[] }
}

async function main() {
  const folder = mkdtempSync(path.join(tmpdir(), 'saim-profile-'))
  const state = withMoments(initialWeights(h, 0))
  const graph = stepGraph(h, state)
  const session = await InferenceSession.create(encodeModel(graph), {
    intraOpNumThreads: cpus().length,
    enableMemPattern: false,
    enableProfiling: true,
    profileFilePrefix: path.join(folder, 'step'),
    logSeverityLevel: 3,
    extra: { session: { set_denormal_as_zero: '1' } },
  })
  const order = withPlaces(orders(h, 0, 0, [...Array(h.batchSize).keys()]), patchCount(h))
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name, shape }) => [
      name,
      new Tensor(
        'float32',
        name === 'order'
          ? order
          : ((state[name.replace('state/', '')]?.values as Float32Array | undefined) ??
              new Float32Array(sizeOf(shape)).fill(0.5)),
        [...shape],
      ),
    ]),
  )
  for (let step = 0; step < steps; step++) await session.run(feeds)
  session.endProfiling()
  const events = JSON.parse(readFileSync(path.join(folder, readdirSync(folder)[0]!), 'utf8')) as Event[]
  rmSync(folder, { recursive: true })

  const nodes = events.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'))
  print(
    'operator',
    group(nodes, ({ args }) => args.op_name!),
  )
  print(
    'operator and shape',
    group(nodes, ({ args }) => `${args.op_name} ${JSON.stringify(args.output_type_shape)}`).slice(0, 40),
  )
}

/** Milliseconds of a step and number of nodes by key, the longest first. The first step warms up and is left out. */
function group(nodes: Event[], keyOf: (event: Event) => string): [string, number, number][] {
  const measured = nodes.slice(nodes.length / steps)
  const sums = new Map<string, [time: number, count: number]>()
  for (const node of measured) {
    const [time, count] = sums.get(keyOf(node)) ?? [0, 0]
    sums.set(keyOf(node), [time + node.dur / 1000, count + 1])
  }
  return [...sums]
    .map(([key, [time, count]]): [string, number, number] => [key, time / (steps - 1), count / (steps - 1)])
    .sort((a, b) => b[1] - a[1])
}

function print(title: string, rows: [string, number, number][]) {
  console.log(`\n   ms/step  nodes  ${title}`)
  for (const [key, time, count] of rows)
    console.log(`${time.toFixed(1).padStart(10)} ${String(count).padStart(6)}  ${key}`)
}

void main()
