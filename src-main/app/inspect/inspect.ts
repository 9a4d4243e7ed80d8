import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  type Emit,
  type EmbeddingChoice,
  type Handlers,
  type ImageChoice,
  type ImageSource,
  imageSource,
  type OrderChoice,
  type Run,
} from '#shared/contract'
import { type ImagePath, imagePath } from '#shared/contract/strings'
import { AppError } from '#shared/errors'
import type { Asked, AskedUnrolling } from '#jobs/inspect/inspector'
import { cacheFolder } from '#platform/paths'
import type { Fork } from '#platform/processes'
import { readHealth } from '#storage/run/health-file'
import { runPaths } from '#storage/run/run-folder'
import type { Datasets } from '#app/datasets'
import { fileName, freeName } from '#storage/free-name'
import type { InspectorFunctions, InspectorListener } from '#jobs/inspect/process'
import type { CheckpointPlace } from '#inference/checkpoint-model'
import { RemoteProcess } from '#app/remote-process'
import { type MeasurementCall, Measurements } from './measurements'
import { type OddCall, OddImages } from './odd-images'

interface InspectRequest {
  run: string
  step: number
  image: Omit<ImageChoice, 'path'> & { path: ImagePath }
  order: OrderChoice
}

type InspectCalls = Pick<Handlers, Extract<keyof Handlers, `inspect.${string}`> | MeasurementCall | OddCall>

interface InspectOptions {
  fork: Fork
  emit: Emit
  datasets: Datasets
  run: (id: string) => Promise<Run>
}

/**
 * What the models of runs see, predict and learned. Single images are asked of one process, which answers at once; whole
 * data sets of another, which may take its time.
 */
export class Inspect {
  private folder: string | null = null
  private readonly single: RemoteProcess<InspectorFunctions, InspectorListener>
  private readonly sets: RemoteProcess<InspectorFunctions, InspectorListener>
  private readonly measurements: Measurements
  private readonly odd: OddImages
  private given = 0

  constructor(private readonly options: InspectOptions) {
    const open = () =>
      new RemoteProcess<InspectorFunctions, InspectorListener>(
        () => options.fork('inspector', [this.temporary()]),
        {
          progress: (progress) => options.emit('inspect.progress', progress),
          ...this.measurements.listener,
          ...this.odd.listener,
        },
        'looks into checkpoints',
      )
    const work = {
      ...options,
      sets: () => this.sets,
      temporary: (name: string) => path.join(this.temporary(), name),
    }
    this.odd = new OddImages(work)
    this.measurements = new Measurements({
      ...work,
      features: (place, pictures) => Promise.all(pictures.map((picture) => this.feature(place, picture))),
    })
    this.single = open()
    this.sets = open()
  }

  get calls(): InspectCalls {
    return { ...this.ownCalls, ...this.measurements.calls, ...this.odd.calls }
  }

  private readonly ownCalls: Omit<InspectCalls, MeasurementCall | OddCall> = {
    'inspect.fixedImages': async ({ run }) => {
      const { manifest } = await this.images({ kind: 'run', id: run })
      return this.single.running().fixedImages(manifest)
    },
    'inspect.reconstruct': async (question) => {
      const asked = await this.asked(question)
      const found = await this.single.ask((remote) => remote.reconstruct(asked))
      const { pattern, ...panels } = found.pictures
      const pictures = {
        original: pictureFile(panels.original),
        smoothed: pictureFile(panels.smoothed),
        prediction: pictureFile(panels.prediction),
        error: pictureFile(panels.error),
        pattern: pattern && pictureFile(pattern),
      }
      return { ...found, pictures }
    },
    'inspect.unroll': async (question) => {
      const asked = await this.askedUnrolling(question)
      const { original, prediction, order } = await this.single.ask((remote) => remote.unroll(asked))
      return { original: pictureFile(original), prediction: pictureFile(prediction), order }
    },
    'inspect.saveUnrolled': async ({ format, folder, ...question }) => {
      const asked = await this.askedUnrolling(question)
      const { name } = await this.options.run(question.run)
      const target = await freeName(
        folder,
        `${fileName(name)}-${question.step}-${question.mode}`,
        `.${format}`,
      )
      await this.single.ask((remote) => remote.saveUnrolled(asked, format, target))
      return { path: target, bytes: (await stat(target)).size }
    },
    'inspect.attention': async ({ view, token, ...question }) => {
      const asked = await this.asked(question)
      const found = await this.single.ask((remote) => remote.attention(asked, view, token))
      return { ...found, picture: pictureFile(found.picture) }
    },
    'inspect.embed': async (choice) => {
      const set = {
        place: await this.place(choice),
        ...(await this.images(choice.source)),
        limit: choice.limit,
      }
      return this.sets.ask((remote) => remote.embed(keyOf(choice), set))
    },
    'inspect.stop': async () => this.sets.current?.stop(),
    'inspect.map': ({ feature, method, ...choice }) =>
      this.sets.ask((remote) => remote.map(keyOf(choice), feature, method)),
    'inspect.neighbours': ({ feature, path, count, ...choice }) =>
      this.sets.ask((remote) => remote.neighbours(keyOf(choice), feature, path, count)),
    'inspect.extremes': ({ by, feature, count, ...choice }) =>
      this.sets.ask((remote) => remote.extremes(keyOf(choice), by, feature, count)),
    'inspect.agreement': ({ feature, ...choice }) =>
      this.sets.ask((remote) => remote.agreement(keyOf(choice), feature)),
    'inspect.exportEmbeddings': async ({ format, patchTokens, folder, ...choice }) => {
      const { name } = await this.options.run(choice.run)
      const target = await freeName(folder, `${fileName(name)}-${choice.step}-embeddings-${format}`, '')
      const bytes = await this.sets.ask((remote) => remote.export(keyOf(choice), format, patchTokens, target))
      return { path: target, bytes }
    },
    'inspect.health': async ({ run }) => readHealth((await this.options.run(run)).folder),
  }

  /** The file of a path below `files/inspect/`: a picture that was answered, or the thumbnail of an image. */
  async file(relative: string): Promise<string | null> {
    const [kind, ...rest] = relative.split('/')
    if (kind === 'picture' && this.folder && /^\d+\.png$/.test(rest[0] ?? ''))
      return path.join(this.folder, rest[0]!)
    const source = imageSource.safeParse({ kind: rest[0], id: rest[1] })
    if (kind !== 'thumbnail' || !source.success) return null
    const folder = await this.folderOf(source.data)
    const image = path.relative(folder, imageFile(folder, imagePath.parse(rest.slice(2).join('/'))))
    return this.single.running().thumbnail(folder, image)
  }

  /** Ends the processes and removes their pictures. */
  close(): void {
    this.single.close()
    this.sets.close()
    if (this.folder) rmSync(this.folder, { recursive: true, force: true })
  }

  /** The feature of a picture that a person gave. It lies where images may be read whatever the roots are. */
  private async feature(place: CheckpointPlace, picture: string): Promise<number[]> {
    await mkdir(cacheFolder(), { recursive: true })
    const file = path.join(cacheFolder(), `given-${process.pid}-${this.given++}`)
    await writeFile(file, Buffer.from(picture, 'base64'))
    try {
      return await this.single.ask((remote) => remote.feature(place, file))
    } finally {
      await rm(file)
    }
  }

  private async askedUnrolling({
    mode,
    given,
    ...question
  }: InspectRequest & Pick<AskedUnrolling, 'mode' | 'given'>) {
    return { ...(await this.asked(question)), mode, given }
  }

  private async asked(question: InspectRequest): Promise<Asked> {
    const { source, path: relative } = question.image
    return {
      place: await this.place(question),
      image: imageFile(await this.folderOf(source), relative),
      order: question.order,
    }
  }

  private place = async ({ run, step }: { run: string; step: number }) => ({
    folder: (await this.options.run(run)).folder,
    step,
  })

  private folderOf = async ({ kind, id }: ImageSource): Promise<string> =>
    kind === 'run'
      ? (await this.options.run(id)).dataset.folder
      : (await this.options.datasets.get(id)).folder

  /** The folder of a source and the file that lists its images. */
  private async images(source: ImageSource): Promise<{ folder: string; manifest: string }> {
    const folder = await this.folderOf(source)
    if (source.kind === 'run') {
      const run = await this.options.run(source.id)
      return { folder, manifest: runPaths(run.folder).manifest }
    }
    const manifest = path.join(this.temporary(), `embedded-${source.id}.json`)
    await this.options.datasets.writeManifest(source.id, manifest, { fraction: 0, seed: 0 })
    return { folder, manifest }
  }

  private temporary = () => (this.folder ??= mkdtempSync(path.join(tmpdir(), 'saim-inspect-')))
}

/** An image below a folder. Throws AppError not-allowed where the path leads out of it. */
function imageFile(folder: string, relative: ImagePath): string {
  const file = path.resolve(folder, relative)
  if (!file.startsWith(path.resolve(folder) + path.sep))
    throw new AppError('not-allowed', `${relative} is not in the folder of the images.`)
  return file
}

const pictureFile = (name: string) => `inspect/picture/${name}`

const keyOf = (choice: EmbeddingChoice) => JSON.stringify(choice)
