/**
 * `npm run bench -- embeddings [images]`: how long a nano and a tiny model take to answer each question of the Inspect
 * page about one image, and what neighbours and maps of many embeddings take, beside what they block.
 */
import { cpus, loadavg } from 'node:os'
import { createEngine } from '#engine/engines'
import { attend } from '#inference/pictures/attention'
import { CheckpointModel } from '#inference/checkpoint-model'
import { EmbeddedImages } from '#inference/features/embedded-images'
import { panelsOf, reconstruct } from '#inference/pictures/reconstruct'
import { png } from '#inference/pictures/pictures'
import { unroll } from '#inference/pictures/unroll'
import { imageNetStatistics } from '#shared/image-net'
import { orders } from '#model/objectives/order'
import { fromPreset, type PresetName, patchCount } from '#shared/settings/hyperparameters'
import { initialWeights } from '#model/objectives/index'

const count = Number(process.argv[2] ?? 10_000)
const width = 192

async function main(): Promise<void> {
  console.log(`${cpus().length} cores of ${cpus()[0]!.model}, load ${loadavg()[0]!.toFixed(1)}`)
  const engine = await createEngine('onnxruntime-cpu', { threads: 0 })
  for (const preset of ['nano', 'tiny'] satisfies PresetName[]) {
    const h = fromPreset(preset)
    const model = CheckpointModel.of(engine, h, initialWeights(h, 0))
    const image = Float32Array.from({ length: h.imageSize ** 2 * 3 }, (_, i) => Math.sin(i * 0.01))
    const order = orders(h, 0, 0, [0])
    const panels = async () => {
      const pictures = Object.values(panelsOf(await reconstruct(model, image, order), imageNetStatistics))
      await Promise.all(pictures.map((picture) => picture && png(picture)))
    }
    await twice(`${preset}, reconstruction with its pictures`, panels)
    for (const view of ['full', 'content', 'query'] as const)
      await twice(`${preset}, attention (${view})`, async () =>
        (await attend(model, image, order, view)).of(0, 1),
      )
    const free = () => unroll(model, image, order, { mode: 'free', given: patchCount(h) / 4 })
    await timed(`${preset}, free running over ${(patchCount(h) * 3) / 4} patches`, free)
    await model.dispose()
  }
  await maps(engine)
}

async function maps(engine: Awaited<ReturnType<typeof createEngine>>): Promise<void> {
  const images = Array.from({ length: count }, (_, i) => ({
    path: `${i}.jpg`,
    bytes: 0,
    width: 1,
    height: 1,
    class: String(i % 20),
    split: 'train' as const,
  }))
  // Twenty groups with noise, as a trained model's classes lie.
  const features = Float32Array.from({ length: count * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width]
    return Math.sin((row % 20) * 77 + column ** 2) + Math.sin(i * i * 0.37)
  })
  const embedded = new EmbeddedImages(engine, images, {
    indices: images.map((_, i) => i),
    width,
    classToken: features,
    pooled: features,
    patchTokens: null,
    loss: new Float32Array(count),
  })
  const blocked = watchLoop()
  console.log(`${count} embeddings of width ${width}:`)
  await timed('map by PCA', () => embedded.map('pooled', 'pca', {}))
  await timed('15 neighbours of all', () => embedded.extremes('odd', 'pooled', 24))
  await timed('neighbours of one', async () => embedded.neighbours('pooled', '5.jpg', 12))
  await timed('map by UMAP', () => embedded.map('pooled', 'umap', {}))
  console.log(`${blocked().toFixed(0).padStart(6)} ms  longest time in which the process heard no message`)
}

/** Answers the longest time between two turns of the loop so far. */
function watchLoop(): () => number {
  let [last, longest] = [performance.now(), 0]
  const timer = setInterval(() => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }, 5)
  timer.unref()
  return () => longest
}

async function twice(what: string, work: () => Promise<unknown>): Promise<void> {
  await timed(`${what}, first time`, work)
  await timed(`${what}, again`, work)
}

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now()
  const { user, system } = process.cpuUsage()
  await work()
  const used = process.cpuUsage({ user, system })
  const wall = (performance.now() - start).toFixed(0).padStart(6)
  console.log(`${wall} ms (processor ${((used.user + used.system) / 1e3).toFixed(0)} ms)  ${what}`)
}

void main()
