import { createBirpc } from 'birpc'
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import type {
  DatasetFilter,
  DatasetSummary,
  LabelChange,
  OddImages,
  OddOrdinary,
  PairKind,
  Suggested,
} from '#shared/contract'
import { AppError, type AppErrorData, toErrorData } from '#shared/errors'
import { featuresFolder, indexFile } from '#platform/paths'
import { aside } from '#platform/background'
import { endWithParent, parentPort } from '#platform/processes'
import { checkImages, forgetChecks, statisticsOf } from '#images/index/check'
import type { DatasetIndex } from '#images/index/dataset-index'
import { act, expectLabels, labelsCsv, readLabels, undo } from '#images/index/labels'
import { isDamage, openIndex, writeLabels } from '#images/index/open-index'
import { FolderWatch } from '#images/index/folder-watch'
import { writeManifest } from '#images/manifest'
import type { SplitRule } from '#images/index/split'
import { facetsOf, pageOf, sampleOf } from '#images/index/filtered'
import { clustersOf, renameCluster } from '#images/index/clusters'
import { keepOdd, oddCsv, oddOf, oddPatches, ordinaryImages, setOddThreshold } from '#images/index/odd'
import { type Checkpoint, keepMeasured, type Measured, rowsOf } from '#images/index/measured'
import { featureFile, type FeaturesOf, requireFeatures, toMeasure } from '#inference/features/kept-features'
import { similarTo, type Wanted } from '#inference/features/search'
import { duplicatePairs, excludeDuplicates, keepPair, reportOf } from '#images/index/report'
import { type AboutClassifier, writeFewShot } from '#inference/labels/kept'
import { findAlike } from '#inference/order/alike'
import { cluster } from '#inference/order/clusters'
import { diverseImages } from '#inference/order/diverse'
import { suggest } from '#inference/labels/suggest'
import { imagesBy } from '#images/index/taken'
import { thumbnailFile } from '#images/thumbnails'

/**
 * A process that reads images and keeps their indexes for the app, so that native libraries never load into Electron's
 * main process. Each call names the folder of the data set.
 */
const calls = {
  scan: (folder: string): Promise<DatasetSummary> => {
    const under = scans.get(folder)
    if (under) return under.found
    const stop = new AbortController()
    const found = scanOnce(folder, stop.signal).finally(() => scans.delete(folder))
    scans.set(folder, { found, stop })
    return found
  },
  /** Reports changes in the folder from now on. */
  watch(folder: string): void {
    if (!watches.has(folder)) watches.set(folder, new FolderWatch(folder, () => aside(tellChange(folder))))
  },
  /** Ends the scan in progress, if there is one. */
  stopScan: (folder: string) => scans.get(folder)?.stop.abort(),
  page: async (folder: string, filter: DatasetFilter, offset: number, limit: number) =>
    pageOf(await open(folder), filter, offset, limit),
  facets: async (folder: string, filter: DatasetFilter) => facetsOf(await open(folder), filter),
  sample: async (folder: string, count: number) => sampleOf(await open(folder), count),
  unreadable: async (folder: string, offset: number, limit: number) =>
    (await open(folder)).unreadable(offset, limit),
  label: (folder: string, images: number[], change: LabelChange) =>
    changeLabels(folder, (index) => act(index, images, change)),
  undo: (folder: string) => changeLabels(folder, undo),
  importLabels: (folder: string, text: string, name: string) =>
    changeLabels(folder, (index) => readLabels(index, text, name)),
  labels: async (folder: string) => labelsCsv(await open(folder)),
  expectLabels: async (folder: string, text: string) => expectLabels(await open(folder), text, 'The index'),
  suggest: async (folder: string, checkpoint: FeaturesOf): Promise<Suggested> =>
    (await suggest(await open(folder), featureFile(folder, checkpoint), checkpoint)).suggested,
  /** Fits a classifier to the labels of now and writes it as a new folder. */
  async keepClassifier(
    folder: string,
    checkpoint: FeaturesOf,
    target: string,
    about: Omit<AboutClassifier, 'labels' | 'right'>,
  ): Promise<void> {
    const { suggested, classifier } = await suggest(await open(folder), featureFile(folder, checkpoint), checkpoint) // prettier-ignore
    if (!classifier)
      throw new AppError(
        'too-few-images',
        'There are too few labels.',
        'Label images of two classes at least.',
      )
    mkdirSync(path.dirname(target), { recursive: true })
    await writeFewShot(target, { ...about, labels: suggested.labelled, right: suggested.right! }, classifier)
  },
  async cluster(folder: string, checkpoint: FeaturesOf, count: number) {
    const index = await open(folder)
    await cluster(index, checkpoint, count)
    return clustersOf(index)
  },
  clusters: async (folder: string) => clustersOf(await open(folder)),
  async renameCluster(folder: string, from: string, to: string) {
    const index = await open(folder)
    renameCluster(index, from, to)
    return clustersOf(index)
  },
  /** Lists the ordinary images, and all that are compared with them. */
  async listForOdd(folder: string, ordinary: OddOrdinary, files: { ordinary: string; all: string }) {
    const index = await open(folder)
    const rule = { fraction: 0, seed: 0 }
    await writeManifest(files.ordinary, index, rule, ordinaryImages(index, ordinary))
    await writeManifest(files.all, index, rule)
  },
  keepOdd: async (folder: string, about: Pick<OddImages, 'run' | 'step' | 'ordinary' | 'at'>, file: string) =>
    keepOdd(await open(folder), about, file),
  odd: async (folder: string) => oddOf(await open(folder)),
  images: async (folder: string, ids: number[]) => imagesBy(await open(folder), ids),
  async setOddThreshold(folder: string, threshold: number) {
    const index = await open(folder)
    setOddThreshold(index, threshold)
    return oddOf(index)
  },
  oddPatches: async (folder: string, image: number) => oddPatches(await open(folder), image),
  oddCsv: async (folder: string) => oddCsv(await open(folder)),
  async check(folder: string, again: boolean): Promise<DatasetSummary> {
    const index = await open(folder)
    if (again) forgetChecks(index)
    await checkImages(index, (checked) => aside(parent.checked(folder, checked)))
    return index.summary()
  },
  report: async (folder: string) => reportOf(await open(folder)),
  duplicates: async (folder: string, kind: PairKind, offset: number, limit: number) =>
    duplicatePairs(await open(folder), kind, offset, limit),
  async keepPair(folder: string, copy: number, of: number, kept: boolean): Promise<DatasetSummary> {
    const index = await open(folder)
    keepPair(index, copy, of, kept)
    return index.summary()
  },
  excludeDuplicates: (folder: string, kind: PairKind) =>
    changeLabels(folder, (index) => excludeDuplicates(index, kind)),
  async findAlike(folder: string, checkpoint: FeaturesOf, similarity: number) {
    const index = await open(folder)
    await findAlike(index, checkpoint, similarity)
    return reportOf(index)
  },
  async tagDiverse(folder: string, checkpoint: FeaturesOf, count: number, tag: string) {
    const found = await diverseImages(await open(folder), checkpoint, count)
    return changeLabels(folder, (index) => act(index, found, { tag: { name: tag, on: true } }))
  },
  /** Lists the images that a checkpoint has not looked at yet; answers how many these are, and where their features go. */
  toMeasure: async (folder: string, checkpoint: FeaturesOf, manifest: string) =>
    toMeasure(await open(folder), checkpoint, manifest),
  keepMeasured: async (folder: string, checkpoint: Checkpoint, found: Measured[]) =>
    keepMeasured(await open(folder), checkpoint, found),
  /** How many images have features, and how many have none yet. */
  async measured(folder: string, checkpoint: FeaturesOf): Promise<{ images: number; pending: number }> {
    const index = await open(folder)
    await requireFeatures(index, checkpoint)
    const { images, pending } = rowsOf(index, checkpoint)
    return { images, pending }
  },
  similar: async (folder: string, checkpoint: FeaturesOf, wanted: Wanted, count: number) =>
    similarTo(await open(folder), featureFile(folder, checkpoint), checkpoint, wanted, count),
  /** The paths of excluded images, and images to be excluded once a scan finds them. */
  excluded: async (folder: string) => (await open(folder)).excludedPaths(),
  expectExcluded: async (folder: string, paths: string[]) => (await open(folder)).expectExcluded(paths),
  statistics: async (folder: string) => statisticsOf(await open(folder)),
  writeManifest: async (folder: string, file: string, rule: SplitRule) =>
    writeManifest(file, await open(folder), rule),
  async thumbnail(folder: string, image: number, size: 'small' | 'large'): Promise<string | null> {
    const relative = (await open(folder)).pathOf(image)
    return relative === null ? null : thumbnailFile(folder, relative, size)
  },
  async forget(folder: string): Promise<void> {
    watches.get(folder)?.close()
    watches.delete(folder)
    await close(folder)
    for (const ending of ['', '-wal', '-shm']) rmSync(indexFile(folder) + ending, { force: true })
    rmSync(featuresFolder(folder), { recursive: true, force: true })
  },
}
export type LibraryCalls = typeof calls

export interface LibraryFunctions {
  call(name: keyof LibraryCalls, parameters: unknown[]): Promise<{ value: unknown } | { error: AppErrorData }>
}
export interface LibraryListener {
  progress(folder: string, read: { images: number; unreadable: number; found: number }): void
  checked(folder: string, images: number): void
  /** Something came, went or changed in a folder that is watched. */
  changed(folder: string): void
}

/** Changes what a person says of images; the file beside the index follows. */
async function changeLabels(folder: string, change: (index: DatasetIndex) => void): Promise<DatasetSummary> {
  const index = await open(folder)
  change(index)
  await writeLabels(index)
  return index.summary()
}

const indexes = new Map<string, Promise<DatasetIndex>>()
const scans = new Map<string, { found: Promise<DatasetSummary>; stop: AbortController }>()
const watches = new Map<string, FolderWatch>()

function open(folder: string): Promise<DatasetIndex> {
  const index = indexes.get(folder) ?? openIndex(folder, indexFile(folder))
  indexes.set(folder, index)
  index.catch(() => indexes.delete(folder)) // to be tried again
  return index
}

async function close(folder: string): Promise<void> {
  const index = await indexes.get(folder)?.catch(() => null)
  indexes.delete(folder)
  index?.close()
}

async function scanOnce(folder: string, signal: AbortSignal): Promise<DatasetSummary> {
  const index = await open(folder)
  const watch = watches.get(folder)
  const entered = new Set<string>()
  try {
    await index.scan({
      signal,
      onProgress: (read) => aside(parent.progress(folder, read)),
      // Before it is read, so that no change goes unnoticed in between.
      onFolder(below) {
        watch?.add(below)
        entered.add(below)
      },
    })
  } finally {
    watch?.keep(entered)
  }
  return index.summary()
}

/** Waits for a scan under way, which may have missed the change. */
async function tellChange(folder: string): Promise<void> {
  await scans.get(folder)?.found.catch(() => undefined)
  await parent.changed(folder)
}

const functions: LibraryFunctions = {
  async call(name, parameters) {
    const work = calls[name] as (...parameters: unknown[]) => unknown
    try {
      try {
        return { value: await work(...parameters) }
      } catch (error) {
        if (!isDamage(error)) throw error
        await close(String(parameters[0])) // it is mended as it is opened
        return { value: await work(...parameters) }
      }
    } catch (error) {
      return { error: toErrorData(error) }
    }
  },
}
const parent = createBirpc<LibraryListener, LibraryFunctions>(functions, {
  post: (message) => parentPort.post(message),
  on: (listener) => parentPort.onMessage(listener),
  eventNames: ['progress', 'checked', 'changed'],
  timeout: -1,
})
endWithParent(5_000)
parentPort.onClose(() => process.exit(0))
