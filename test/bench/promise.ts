/**
 * `npm run bench -- promise <package> <folder> [seeds] [threads]`: does pre-training teach anything? On the 3,781
 * emoji of the npm package emoji-datasource-google (unpacked in <package>), compares SAIM in stochastic and in raster
 * order with random weights by nearest neighbours and linear probe, and fine-tuning with training from scratch. What was
 * trained is kept in <folder>, so that a second call goes on. docs/experiments.md says how it came out.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import path from 'node:path'
import { writeManifest } from '#images/manifest'
import { DatasetIndex } from '#images/index/dataset-index'
import { createEngine } from '#engine/engines'
import type { Engine } from '#engine/engine'
import type { Reporter, Subject } from '#jobs/evaluate/subject'
import { evaluate } from '#jobs/evaluate/evaluation'
import { ForwardPass } from '#inference/features/forward-pass'
import { type FeatureRows, nearest, votes } from '#inference/features/knn'
import { type Task, taskOf } from '#jobs/evaluate/labelled'
import { trainProbe } from '#jobs/evaluate/linear-probe'
import { scanned } from '#images/index/scanned'
import { scoreOf } from '#jobs/evaluate/score'
import { decodeSafetensors } from '#formats/safetensors'
import type { NamedTensorData } from '#model/tensor/step'
import * as tf from '#model/tensor/tf'
import { forkNode } from '#platform/processes'
import { imageNetStatistics } from '#shared/image-net'
import { pool } from '#model/vit/pool'
import { newestStep } from '#storage/run/checkpoint'
import { createRun, runPaths } from '#storage/run/run-folder'
import type { Score } from '#shared/contract'
import { evaluationKinds } from '#shared/settings/evaluation'
import { fromPreset, type Hyperparameters } from '#shared/settings/hyperparameters'
import { encode } from '#model/vit/encoder'
import { initialWeights } from '#model/objectives/index'

const [source, home, seedList = '0,1,2', threads = '0'] = process.argv.slice(2)
const seeds = seedList.split(',').map(Number)
let engine: Engine
const subjects = ['random', 'raster', 'stochastic'] as const
type SubjectName = (typeof subjects)[number]

const settings = (order: 'raster' | 'stochastic', seed: number): Hyperparameters =>
  fromPreset('nano', {
    order, seed, width: 96, heads: 4, queryDepth: 1, batchSize: 64, epochs: 15, baseLearningRate: 6e-3, warmupEpochs: 1,
  }) // prettier-ignore
const probeSettings = evaluationKinds.probe.schema.parse({
  optimizer: 'SGD',
  baseLearningRate: 0.5,
  epochs: 60,
  warmupEpochs: 5,
})
/** The application's recipe, all layers alike from scratch. */
const fineTuneSettings = (fromScratch: boolean, seed: number) =>
  evaluationKinds.finetune.schema.parse({
    epochs: 20,
    warmupEpochs: 2,
    ...(fromScratch && { layerDecay: 1 }),
    seed,
  })

/** Images in folders of their category, a fifth of the emoji for validation with all their tones of skin. */
function unpack(): string {
  const folder = path.join(home!, 'images')
  if (existsSync(folder)) return folder
  interface Emoji {
    category: string
    short_name: string
    image: string
    has_img_google: boolean
    skin_variations?: Record<string, { image: string; has_img_google: boolean }>
  }
  const all = JSON.parse(readFileSync(path.join(source!, 'emoji.json'), 'utf8')) as Emoji[]
  for (const emoji of all.filter(({ category }) => category !== 'Component')) {
    const name = emoji.category.toLowerCase().replace(/[^a-z]+/g, '-')
    const digest = createHash('sha1').update(`${name}/${emoji.short_name}`).digest()
    const target = path.join(folder, [...digest].reduce((a, b) => a + b) % 5 ? 'train' : 'val', name)
    mkdirSync(target, { recursive: true })
    for (const { image, has_img_google } of [emoji, ...Object.values(emoji.skin_variations ?? {})])
      if (has_img_google) copyFileSync(path.join(source!, 'img/google/64', image), path.join(target, image))
  }
  return folder
}

/** Weights of a subject: new ones, or those of a pre-training that is done where it is not yet. */
async function weightsOf(name: SubjectName, seed: number, images: string): Promise<NamedTensorData> {
  if (name === 'random') return initialWeights(settings('stochastic', seed), seed)
  const file = path.join(home!, 'weights', `${name}-${seed}.safetensors`)
  if (!existsSync(file)) {
    const index = new DatasetIndex(images, path.join(home!, 'index.sqlite'))
    await index.scan()
    const run = await createRun(path.join(home!, 'runs'), {
      name: `saim ${name} ${seed}`,
      dataset: { name: 'emoji', folder: images },
      hyperparameters: settings(name, seed),
      engine: engine.id,
      threads: Number(threads),
      decoders: 1,
      writeManifest: (manifest) => writeManifest(manifest, index, { fraction: 0, seed: 0 }),
    })
    index.close()
    await new Promise((resolve) => forkNode('training', [run]).onExit(resolve))
    const last = (await newestStep(run))!
    mkdirSync(path.dirname(file), { recursive: true })
    copyFileSync(path.join(runPaths(run).checkpoint(last), 'weights.safetensors'), file)
  }
  return decodeSafetensors(readFileSync(file)).tensors as NamedTensorData
}

const subjectOf = (weights: NamedTensorData, seed: number): Subject => ({
  engine,
  h: settings('stochastic', seed),
  weights,
  decoders: 1,
  statistics: imageNetStatistics,
})

/** Features of every block and pooling at once, each [images, width], by names such as `3 mean`. */
async function allFeatures(
  { h, weights, statistics }: Subject,
  { folder }: Task,
  images: Task['train']['images'],
) {
  const poolings = ['mean', 'class'] as const
  const state = engine.createState(weights)
  const pass = await ForwardPass.open(
    engine,
    state,
    (w, inputs) => {
      const tokens = encode(w, h, inputs['images']!)
      return {
        outputs: {
          rows: tf.concat(
            tokens.flatMap((x) => poolings.map((p) => pool(x, p))),
            1,
          ),
        },
      }
    },
    { size: h.imageSize, decoders: 1, statistics },
  )
  const { values, width } = await pass.rows(folder, images)
  await pass.close()
  state.dispose()
  const names = Array.from({ length: h.depth }, (_, block) => poolings.map((p) => `${block + 1} ${p}`)).flat()
  const part = (i: number): FeatureRows => ({
    width: h.width,
    values: Float32Array.from(
      { length: images.length * h.width },
      (_, k) => values[Math.floor(k / h.width) * width + i * h.width + (k % h.width)]!,
    ),
  })
  return new Map(names.map((name, i) => [name, part(i)]))
}

/** Features of images, and their classes. */
interface Rows {
  features: FeatureRows
  labels: Int32Array
}
const pick = ({ features, labels }: Rows, chosen: number[]): Rows => ({
  labels: Int32Array.from(chosen, (i) => labels[i]!),
  features: {
    width: features.width,
    values: Float32Array.from(
      { length: chosen.length * features.width },
      (_, k) =>
        features.values[chosen[Math.floor(k / features.width)]! * features.width + (k % features.width)]!,
    ),
  },
})

const quietly: Reporter = {
  epoch: () => undefined,
  notice: () => undefined,
  stopped: () => false,
  kept: null,
  keep: () => Promise.resolve(),
}

const ways = {
  async knn(classes: string[], train: Rows, asked: Rows): Promise<Score> {
    const found = await nearest(engine, train.features, asked.features, 10)
    return scoreOf(votes(found, train.labels, classes.length), asked.labels, classes)
  },
  async probe(classes: string[], train: Rows, asked: Rows): Promise<Score> {
    const data = {
      classes,
      viewOf: () => Promise.resolve(train.features),
      labels: train.labels,
      validation: { ...asked, paths: [] },
    }
    const { score } = await trainProbe(engine, probeSettings, data, quietly)
    return score
  },
}

const percent = (share: number) => (100 * share).toFixed(1)
const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length
const results: Record<string, unknown>[] = []

const folds = 5

/**
 * Scores for the features of each block and pooling: means of five folds, each of which is asked about by what was learned
 * from the other four. An emoji is in one fold, whatever its tone of skin.
 */
async function compare(task: Task, images: string): Promise<void> {
  const all = [...task.train.images, ...task.validation.images]
  const labels = Int32Array.from([...task.train.labels, ...task.validation.labels])
  const foldOf = all.map(({ path: file }) => digestOf(file)[1]! % folds)
  const places = [...all.keys()]
  for (const seed of seeds)
    for (const name of subjects) {
      const subject = subjectOf(await weightsOf(name, seed, images), seed)
      const found = await allFeatures(subject, task, all)
      for (const [way, ask] of Object.entries(ways))
        for (const [features, rows] of found) {
          const whole: Rows = { features: rows, labels }
          const scores: Score[] = []
          for (let fold = 0; fold < folds; fold++) {
            const known = places.filter((i) => foldOf[i] !== fold)
            const asked = places.filter((i) => foldOf[i] === fold)
            scores.push(await ask(task.classes, pick(whole, known), pick(whole, asked)))
          }
          const average = (key: 'top1' | 'balanced') => mean(scores.map((score) => score[key]))
          tell(
            { way, weights: name, seed, features },
            { top1: average('top1'), balanced: average('balanced') },
          )
        }
    }
}

/** Of an emoji's name, whatever its tone of skin. */
const digestOf = (file: string) =>
  createHash('sha1')
    .update(path.basename(file).replace(/-1f3f[b-f]/g, ''))
    .digest()

/** A task with the labels of a fifth of its training images, another fifth for each seed. */
function fewLabels(task: Task, seed: number): Task {
  const chosen = [...task.train.images.keys()].filter(
    (i) => digestOf(task.train.images[i]!.path)[2]! % folds === seed % folds,
  )
  return {
    ...task,
    train: {
      images: chosen.map((i) => task.train.images[i]!),
      labels: Int32Array.from(chosen, (i) => task.train.labels[i]!),
    },
  }
}

/** Training of the whole encoder on the classes of few labels for equal epochs, and the probe of the same weights. */
async function fineTunings(whole: Task, images: string): Promise<void> {
  for (const seed of seeds)
    for (const name of ['random', 'stochastic'] as const) {
      const subject = subjectOf(await weightsOf(name, seed, images), seed)
      const task = fewLabels(whole, seed)
      const plans = {
        'probe of few': { kind: 'probe', settings: probeSettings },
        'fine-tuning': { kind: 'finetune', settings: fineTuneSettings(name === 'random', seed) },
      } as const
      for (const [way, plan] of Object.entries(plans)) {
        const { score } = (await evaluate(subject, task, plan, {
          ...quietly,
          epoch: ({ epoch, loss }) => console.log(`  epoch ${epoch}: loss ${loss.toFixed(3)}`),
        }))!
        tell({ way, weights: name, seed, features: '' }, score)
      }
    }
}

function tell(
  what: { way: string; weights: string; seed: number; features: string },
  { top1, balanced }: Pick<Score, 'top1' | 'balanced'>,
): void {
  results.push({ ...what, top1, balanced })
  writeFileSync(path.join(home!, 'results.json'), JSON.stringify(results, null, 1))
  const { way, weights, seed, features } = what
  console.log(
    `${way} | ${weights} | seed ${seed} | ${features} | top-1 ${percent(top1)} | mean of classes ${percent(balanced)}`,
  )
}

function summary(): void {
  console.log(
    `\nmean over seeds ${seeds.join(', ')}, mean of the last block's patches: top-1 / mean of classes, in percent`,
  )
  for (const way of ['knn', 'probe', 'probe of few', 'fine-tuning'])
    for (const name of subjects) {
      const rows = results.filter(
        (r) => r['way'] === way && r['weights'] === name && ['', '4 mean'].includes(r['features'] as string),
      )
      if (rows.length === 0) continue
      const of = (key: string) => rows.map((r) => r[key] as number)
      console.log(`${way} | ${name} | ${percent(mean(of('top1')))} / ${percent(mean(of('balanced')))}`)
    }
}

async function main(): Promise<void> {
  engine = await createEngine('onnxruntime-cpu', { threads: Number(threads) })
  const images = unpack()
  const task = taskOf(images, (await scanned(images)).images)
  console.log(
    `${task.train.images.length} images to learn from, ${task.validation.images.length} to be asked about, ${task.classes.length} classes`,
  )
  await compare(task, images)
  await fineTunings(task, images)
  summary()
}

void main()
