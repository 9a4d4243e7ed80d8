/**
 * `npm run bench -- promise <home> <emoji> <stamps> [seeds] [threads]`: does pre-training teach anything, and is SAIM ahead of
 * what the paper compares it with? On the emoji of the npm package emoji-datasource-google (unpacked in <emoji>) and on the
 * photographs of Debian's tuxpaint-stamps-default (unpacked in <stamps>), compares random weights, ViT-iGPT, MAE and SAIM by
 * nearest neighbours, a linear probe and fine-tuning, which from random weights is training from scratch. First everything of
 * one seed, then the next. <home> holds what was done, so that a second call goes on; a file <home>/stop ends it after the
 * piece at hand. `promise <home>` alone prints the tables of what there is. docs/experiments.md says how it came out.
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Manifest, writeManifest } from '#images/manifest'
import { DatasetIndex } from '#images/index/dataset-index'
import { writeScan } from '#images/index/scanned'
import { createEngine } from '#engine/engines'
import type { Engine } from '#engine/engine'
import { evaluate } from '#jobs/evaluate/evaluation'
import { type Task, taskOf } from '#jobs/evaluate/labelled'
import { trainProbe } from '#jobs/evaluate/linear-probe'
import { scoreOf } from '#jobs/evaluate/score'
import type { Reporter, Subject } from '#jobs/evaluate/subject'
import { featuresStep } from '#inference/features/features-step'
import { ForwardPass } from '#inference/features/forward-pass'
import { type FeatureRows, nearest, votes } from '#inference/features/knn'
import { rowsAt } from '#inference/rows'
import { initialWeights } from '#model/objectives/index'
import type { NamedTensorData } from '#model/tensor/step'
import { forkNode } from '#platform/processes'
import type { Score } from '#shared/contract'
import { imageNetStatistics } from '#shared/image-net'
import { evaluationKinds } from '#shared/settings/evaluation'
import { fromPreset, type Hyperparameters } from '#shared/settings/hyperparameters'
import { loadCheckpoint, newestStep } from '#storage/run/checkpoint'
import { createRun, readRun } from '#storage/run/run-folder'
import { digestOf, imagesOf, pictureOf, type SourceName } from './promise-images'

const [home = '.', emoji, stamps, seedList = '0,1,2', threads = '1'] = process.argv.slice(2)
const folders: Record<SourceName, string | undefined> = { emoji, stamps }
const seeds = seedList.split(',').map(Number)

/** What is compared: how it differs from SAIM as the paper has it. Those below the line look for reasons, with the first seed. */
const subjects = {
  random: {},
  igpt: { objective: 'igpt' },
  mae: { objective: 'mae' },
  saim: {},
  'saim, no blur': { blurSize: 0 },
  'saim, query depth 1': { queryDepth: 1 },
  'saim, raster': { order: 'raster' },
  'saim, three times as long': { epochs: 36 },
  'mae, three times as long': { objective: 'mae', epochs: 36 },
} as const satisfies Record<string, Partial<Hyperparameters>>
type SubjectName = keyof typeof subjects
const compared: SubjectName[] = ['random', 'igpt', 'mae', 'saim']
const reasons = (Object.keys(subjects) as SubjectName[]).filter((name) => !compared.includes(name))

const settings = (name: SubjectName, seed: number): Hyperparameters =>
  fromPreset('nano', {
    seed, imageSize: 48, width: 96, heads: 4, decoderWidth: 64, decoderDepth: 2, batchSize: 32, epochs: 12,
    baseLearningRate: 12e-3, warmupEpochs: 1, checkpointEvery: 4, keepEvery: 0, keepBest: 0, healthEvery: 0,
    ...subjects[name],
  }) // prettier-ignore
const probeSettings = evaluationKinds.probe.schema.parse({
  baseLearningRate: 0.5,
  epochs: 40,
  warmupEpochs: 4,
})
/** The application's recipe, all layers alike from scratch. */
const fineTuneSettings = (name: SubjectName, seed: number) =>
  evaluationKinds.finetune.schema.parse({
    epochs: 20,
    warmupEpochs: 2,
    ...(name === 'random' && { layerDecay: 1 }),
    seed,
  })
/** Each fifth of the pictures is asked about by what was learned from the others; fine-tuning learns from one and is asked the others. */
const folds = 5
const foldOf = (file: string) => digestOf(pictureOf(file)) % folds

interface Result {
  set: SourceName
  seed: number
  weights: SubjectName
  /** What was done, and for kNN and probe of which block's patches the mean was taken. */
  way: string
  top1: number
  balanced: number
  /** Seconds of the processor; all ways by features stand with the first of them. */
  cpu: number
}
const file = path.join(home, 'results.jsonl')
const results: Result[] = existsSync(file)
  ? readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Result)
  : []

function tell(result: Result): void {
  results.push(result)
  appendFileSync(file, `${JSON.stringify(result)}\n`)
  const { set, seed, weights, way, top1, balanced, cpu } = result
  console.log(
    `${set} | seed ${seed} | ${weights} | ${way} | top-1 ${percent(top1)} | balanced ${percent(balanced)} | CPU ${cpu.toFixed(0)} s`,
  )
}

const quietly: Reporter = {
  epoch: () => undefined,
  notice: () => undefined,
  stopped: () => false,
  kept: null,
  keep: () => Promise.resolve(),
}

/** Seconds of the processor so far, of this process and of those it forked that have ended (Linux). */
function cpuSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]!.split(' ')
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100
}

/** A set's images, those to learn from and to ask about in one list. */
class ImageSet {
  private constructor(
    readonly name: SourceName,
    readonly folder: string,
    readonly classes: string[],
    readonly images: Task['train']['images'],
    readonly labels: Int32Array,
  ) {}

  static async open(name: SourceName, source: string): Promise<ImageSet> {
    const folder = await imagesOf(name, source, home)
    const list = path.join(home, `${name}.json`)
    await writeScan(folder, list)
    const { train, validation, classes } = taskOf(folder, await Manifest.read(list))
    const labels = Int32Array.from([...train.labels, ...validation.labels])
    return new ImageSet(name, folder, classes, [...train.images, ...validation.images], labels)
  }

  part(chosen: number[]) {
    return {
      images: chosen.map((i) => this.images[i]!),
      labels: Int32Array.from(chosen, (i) => this.labels[i]!),
    }
  }
  /** Where the images of a fold stand, and all others. */
  split(fold: number): { inside: number[]; outside: number[] } {
    const places = [...this.images.keys()]
    const isInside = (i: number) => foldOf(this.images[i]!.path) === fold
    return { inside: places.filter(isInside), outside: places.filter((i) => !isInside(i)) }
  }
}

/** The pieces of one subject, each left out if it is done. */
class Piece {
  constructor(
    private readonly engine: Engine,
    private readonly set: ImageSet,
    private readonly seed: number,
    private readonly weights: SubjectName,
  ) {}

  private isDone = (start: string) =>
    results.some(
      ({ set, seed, weights, way }) =>
        set === this.set.name && seed === this.seed && weights === this.weights && way.startsWith(start),
    )
  private tell = (way: string, { top1, balanced }: Pick<Score, 'top1' | 'balanced'>, cpu: number) =>
    tell({ set: this.set.name, seed: this.seed, weights: this.weights, way, top1, balanced, cpu })

  async run(): Promise<void> {
    const ways = { probe: () => this.probes(), 'fine-tuning': () => this.fineTuning() }
    for (const [way, work] of Object.entries(ways)) if (!isStopped() && !this.isDone(way)) await work()
  }

  /** New weights, or those of a pre-training, which is begun or taken up again where it is not finished. */
  private async subject(): Promise<Subject> {
    const h = settings(this.weights, this.seed)
    const subject = { engine: this.engine, h, decoders: 1, statistics: imageNetStatistics }
    const weights =
      this.weights === 'random' ? initialWeights(h, this.seed) : (await this.pretrained(h)).weights
    return { ...subject, weights: weights as NamedTensorData }
  }

  private async pretrained(h: Hyperparameters) {
    const runs = path.join(
      home,
      this.set.name,
      'runs',
      `${this.weights}-${this.seed}`.replace(/[^a-z0-9]+/g, '-'),
    )
    mkdirSync(runs, { recursive: true })
    const begun = readdirSync(runs).find((name) => name.startsWith('run-'))
    const run = begun ? path.join(runs, begun) : await this.begin(runs, h)
    if ((await readRun(run)).status !== 'finished') {
      const before = cpuSeconds()
      await new Promise((resolve) => forkNode('training', [run]).onExit(resolve))
      const { status, error } = await readRun(run)
      if (status !== 'finished') throw new Error(`${run}: ${status} ${error?.message ?? ''}`)
      this.tell('pre-training', { top1: NaN, balanced: NaN }, cpuSeconds() - before)
    }
    return loadCheckpoint(run, (await newestStep(run))!)
  }

  private async begin(runs: string, hyperparameters: Hyperparameters): Promise<string> {
    const index = new DatasetIndex(this.set.folder, path.join(home, this.set.name, 'index.sqlite'))
    await index.scan()
    const run = await createRun(runs, {
      name: 'run',
      dataset: { name: this.set.name, folder: this.set.folder },
      hyperparameters,
      engine: this.engine.id,
      threads: Number(threads),
      decoders: 1,
      writeManifest: (manifest) => writeManifest(manifest, index, { fraction: 0, seed: 0 }),
    })
    index.close()
    return run
  }

  /** Nearest neighbours and linear probe: means of five folds, of the mean of the patches of the last blocks. */
  private async probes(): Promise<void> {
    const { engine, h, weights, decoders, statistics } = await this.subject()
    const { images, classes, folder } = this.set
    const before = cpuSeconds()
    const scores: [way: string, score: Pick<Score, 'top1' | 'balanced'>][] = []
    for (const block of [h.depth - 1, h.depth]) {
      const state = engine.createState(weights)
      const reading = { size: h.imageSize, decoders, statistics }
      const pass = await ForwardPass.open(engine, state, featuresStep(h, ['pooled'], block), reading)
      const { values, width } = await pass.rows(folder, images)
      await pass.close()
      state.dispose()
      const rows = (places: number[]): FeatureRows => ({ width, values: rowsAt(values, width, places) })
      const found: Record<'knn' | 'probe', Score[]> = { knn: [], probe: [] }
      for (let fold = 0; fold < folds; fold++) {
        const { inside, outside } = this.set.split(fold)
        const [asked, known] = [rows(inside), rows(outside)]
        const [askedLabels, knownLabels] = [inside, outside].map((places) => this.set.part(places).labels) as [Int32Array, Int32Array] // prettier-ignore
        const neighbours = await nearest(engine, known, asked, 10)
        found.knn.push(scoreOf(votes(neighbours, knownLabels, classes.length), askedLabels, classes))
        const data = {
          classes,
          viewOf: () => Promise.resolve(known),
          labels: knownLabels,
          validation: { features: asked, labels: askedLabels, paths: [] },
        }
        found.probe.push((await trainProbe(engine, probeSettings, data, quietly)).score)
      }
      for (const [way, of] of Object.entries(found))
        scores.push([`${way} of block ${block}`, { top1: mean(of.map((s) => s.top1)), balanced: mean(of.map((s) => s.balanced)) }]) // prettier-ignore
    }
    const cpu = cpuSeconds() - before
    scores.forEach(([way, score], i) => this.tell(way, score, i ? 0 : cpu))
  }

  /** Training of the whole encoder on the labels of a fifth of the pictures, another for each seed, asked about all others. */
  private async fineTuning(): Promise<void> {
    const { folder, classes } = this.set
    const { inside, outside } = this.set.split(this.seed % folds)
    const task: Task = { folder, classes, train: this.set.part(inside), validation: this.set.part(outside) }
    const subject = await this.subject()
    const before = cpuSeconds()
    const plan = { kind: 'finetune', settings: fineTuneSettings(this.weights, this.seed) } as const
    const { score } = (await evaluate(subject, task, plan, quietly))!
    this.tell('fine-tuning', score, cpuSeconds() - before)
  }
}

const isStopped = () => existsSync(path.join(home, 'stop'))
const percent = (share: number) => (100 * share).toFixed(1)
const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length

/** For each set the mean of the seeds there are, with the lowest and the highest, balanced accuracy before top-1. */
function tables(): void {
  const ways = ['knn of block 3', 'knn of block 4', 'probe of block 3', 'probe of block 4', 'fine-tuning']
  for (const set of Object.keys(folders)) {
    console.log(`\n${set}\n| Weights | ${ways.join(' | ')} | CPU s |\n|${' --- |'.repeat(ways.length + 2)}`)
    for (const name of Object.keys(subjects)) {
      const own = results.filter((r) => r.set === set && r.weights === name)
      if (own.length === 0) continue
      const cells = ways.map((way) => {
        const found = own.filter((r) => r.way === way)
        if (found.length === 0) return ''
        const values = found.map((r) => r.balanced)
        const spread = found.length > 1 ? ` (${percent(Math.min(...values))} to ${percent(Math.max(...values))})` : '' // prettier-ignore
        return `${percent(mean(values))}${spread} / ${percent(mean(found.map((r) => r.top1)))}`
      })
      const cpu = own.reduce((sum, r) => sum + r.cpu, 0)
      console.log(`| ${name} | ${cells.join(' | ')} | ${cpu.toFixed(0)} |`)
    }
  }
}

async function main(): Promise<void> {
  if (!emoji || !stamps) return tables()
  const engine = await createEngine('onnxruntime-cpu', { threads: Number(threads) })
  const sets: ImageSet[] = []
  for (const [name, source] of Object.entries(folders))
    sets.push(await ImageSet.open(name as SourceName, source!))
  for (const { name, images, classes } of sets)
    console.log(`${name}: ${images.length} images, ${classes.length} classes`)
  for (const seed of seeds)
    for (const set of sets)
      for (const name of compared) if (!isStopped()) await new Piece(engine, set, seed, name).run()
  for (const set of sets)
    for (const name of reasons) if (!isStopped()) await new Piece(engine, set, seeds[0]!, name).run()
  tables()
}

void main()
