import { rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Emit, Handlers, Run } from '#shared/contract'
import { AppError } from '#shared/errors'
import {
  type ListedClassifier,
  listClassifiers,
  nameClassifier,
  removeClassifier,
} from '#inference/classifiers/list'
import { noClassifier } from '#inference/classifiers/open'
import { likeliest, type Predicted, type Prediction, predictionsCsv } from '#inference/classifiers/predict'
import { thumbnailFile } from '#images/thumbnails'
import type { InspectorFunctions, PredictionListener } from '#jobs/inspect/process'
import { cacheFolder } from '#platform/paths'
import type { Fork } from '#platform/processes'
import { writeFileSafely } from '#storage/files'
import { freeName } from '#storage/free-name'
import { takeByClass } from './by-class'
import { RemoteProcess } from './remote-process'

interface ClassifiersOptions {
  fork: Fork
  emit: Emit
  runs: () => Promise<Run[]>
}

/** Images that a classifier named: where they lie, and what it said of each. */
interface Made {
  folder: string
  classes: string[]
  rows: Prediction[]
  unreadable: Predicted['unreadable']
}

/** Predictions that are kept for what is made of them. */
const most = 4

/** Classifiers of every kind, and what they make of images; a process of its own asks them. */
export class Classifiers {
  private readonly made = new Map<string, Made>()
  private readonly process: RemoteProcess<InspectorFunctions, PredictionListener>

  constructor(private readonly options: ClassifiersOptions) {
    const predicted = (id: string, { predictions, unreadable, done }: Predicted, total: number) => {
      this.made.get(id)?.rows.push(...predictions)
      this.made.get(id)?.unreadable.push(...unreadable)
      options.emit('classifiers.progress', { id, done, total })
    }
    const start = () => options.fork('inspector', [this.given()])
    this.process = new RemoteProcess(start, { predicted }, 'names the classes of images')
  }

  readonly calls: Pick<Handlers, Extract<keyof Handlers, `classifiers.${string}`>> = {
    'classifiers.list': async () => listClassifiers(await this.options.runs()),
    'classifiers.rename': async ({ key, name }) =>
      nameClassifier((await this.find(key, await this.options.runs())).key, name),
    'classifiers.remove': async ({ key }) =>
      removeClassifier(await this.find(key, await this.options.runs())),
    'classifiers.give': async ({ id, name, data }) => {
      await mkdir(this.given(id), { recursive: true })
      const { name: stem, ext } = path.parse(path.basename(name))
      const file = await freeName(this.given(id), stem, ext)
      await writeFile(file, Buffer.from(data, 'base64'), { flag: 'wx' })
    },
    'classifiers.predict': async ({ id, key, folder }) => {
      const runs = await this.options.runs()
      const { place, run } = await this.find(key, runs)
      const from = folder ?? this.given(id)
      const { engine } = runs.find((one) => one.id === run)!
      const made: Made = { folder: from, classes: [], rows: [], unreadable: [] }
      this.keep(id, made)
      const asked = await this.process.ask((remote) => remote.predict(id, place, engine, from))
      made.classes = asked.classes
      return {
        ...{ id, folder: folder ?? null, classes: made.classes, seconds: asked.seconds },
        images: made.rows.map((row) => ({
          ...{ path: row.path, class: likeliest(row), confidence: Math.max(...row.probabilities) },
        })),
        unreadable: [...asked.unreadable, ...made.unreadable],
      }
    },
    'classifiers.stop': async ({ id }) => this.process.current?.stopPredicting(id),
    'classifiers.save': async ({ id, images, folder }) => {
      const { classes, rows } = this.chosen(id, images)
      const target = await freeName(folder, 'predictions', '.csv')
      await writeFileSafely(target, predictionsCsv(classes, rows))
      return { path: target }
    },
    'classifiers.copy': async ({ id, images, folder }) => {
      const { classes, rows, folder: from } = this.chosen(id, images)
      const classed = rows.map((row) => ({ path: row.path, class: classes[likeliest(row)]! }))
      return { path: await takeByClass(from, classed, folder) }
    },
  }

  /** The thumbnail of an image of a prediction; null where there is none. */
  async thumbnail(id: string, place: number, size: 'small' | 'large'): Promise<string | null> {
    const { folder, rows } = this.made.get(id) ?? {}
    const row = rows?.[place]
    return folder && row ? thumbnailFile(folder, row.path, size) : null
  }

  /** Ends the process and removes the pictures that were given. */
  close(): void {
    this.process.close()
    rmSync(this.given(), { recursive: true, force: true })
  }

  /** Where given pictures lie: where images may be read whatever the roots are. */
  private given = (id = '') => path.join(cacheFolder(), `predicted-${process.pid}`, id)

  /** Throws AppError classifier-missing. */
  private async find(key: string, runs: Run[]): Promise<ListedClassifier> {
    const found = (await listClassifiers(runs)).find((one) => one.key === key)
    if (found) return found
    throw noClassifier('This classifier is no longer there.')
  }

  private keep(id: string, made: Made): void {
    this.made.set(id, made)
    for (const old of [...this.made.keys()].slice(0, -most)) {
      this.made.delete(old)
      rmSync(this.given(old), { recursive: true, force: true })
    }
  }

  /** Some images of a prediction. Throws AppError classifier-missing where it is forgotten. */
  private chosen(id: string, images: number[]): Made {
    const made = this.made.get(id)
    if (!made)
      throw new AppError('classifier-missing', 'These results are no longer there.', 'Predict again.')
    return { ...made, rows: images.flatMap((place) => made.rows[place] ?? []) }
  }
}
