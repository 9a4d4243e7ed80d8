import { readdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Exported, type ExportFormat, exportFormats } from '#shared/contract'
import { AppError } from '#shared/errors'
import { bytes } from '#shared/format'
import { appVersion } from '#shared/version'
import { loadCentred } from '#images/crops'
import { DatasetIndex } from '#images/index/dataset-index'
import { type FloatTensors, requireFinite } from '#formats/tensors'
import { joined } from '#inference/over-images'
import { Manifest } from '#images/manifest'
import { makeFolderSafely } from '#storage/files'
import { fileName, freeName } from '#storage/free-name'
import { readyFolder } from '#storage/ready-folder'
import { appendExport } from '#storage/run/exports-file'
import { sampleImagesFolder } from '#platform/paths'
import { evenlySpread } from '#shared/spread'
import { curveFiles, modelCard, unknownLicence } from './card'
import { exampleOf, type Files, formats } from './formats'
import { prove } from './proof'
import { type Choice, provenanceOf, type Provenance } from './provenance'

export interface ExportOrder extends Choice {
  /** The run's folder. */
  run: string
  /** Where the new folder goes. */
  folder: string
  licence?: string
}

const proofImages = 8

/**
 * Writes a run's weights in a format, with model card and example, to a new folder named after the run, reads it back and
 * compares. The folder appears once all that is done. Throws AppError.
 */
export async function exportWeights(
  { run: runFolder, folder, licence = unknownLicence, ...choice }: ExportOrder,
  say: (text: string) => void,
): Promise<Exported> {
  const { format } = choice
  await readyFolder(folder) // found out before the work
  const provenance = await provenanceOf(runFolder, choice)
  const { run, source, step, learned } = provenance
  requireRoom(format, source.weights)
  requireFinite(source.weights, step === null ? 'The model' : `The checkpoint of step ${step}`)
  const target = await freeName(folder, `${fileName(run.name)}-${step ?? 'scratch'}-${format}`)
  let proven: Pick<Exported, 'checks' | 'images'>
  await makeFolderSafely(target, async (temporary) => {
    say(`Writing ${format}`)
    await write(temporary, { ...formats[format].files(source), ...(await exampleOf(format)) })
    const about = {
      app: appVersion,
      run: run.id,
      step,
      hyperparameters: source.h,
      ...source.statistics,
      ...(learned && { classifier: learned.kind, settings: learned.settings, classes: source.classes }),
    }
    await write(temporary, { 'saim.json': JSON.stringify(about, null, 2) })
    say('Reading images')
    const { pixels, images } = await imagesOf(provenance)
    const checks = await prove(temporary, format, source, pixels, say)
    await write(temporary, {
      'README.md': modelCard({ provenance, format, licence, checks, images }),
      'saim.json': JSON.stringify({ ...about, checks }, null, 2),
      ...curveFiles(provenance),
    })
    proven = { checks, images }
  })
  const files = await listFiles(target)
  const size = files.reduce((sum, file) => sum + file.bytes, 0)
  const { checks } = proven!
  const made = { at: new Date().toISOString(), format, step, folder: target, bytes: size, checks }
  try {
    appendExport(runFolder, made)
  } catch {
    // What was exported is of use also where the run's folder cannot be written to.
  }
  return { folder: target, files, ...proven! }
}

/** Throws AppError bad-settings where a format cannot hold so many weights. */
export function requireRoom(format: ExportFormat, weights: FloatTensors): void {
  const size = Object.values(weights).reduce((sum, { values }) => sum + values.byteLength, 0)
  if (size <= formats[format].most) return
  throw new AppError(
    'bad-settings',
    `These weights take ${bytes(size)}; ${exportFormats[format].title} holds at most ${bytes(formats[format].most)}.`,
    'Export them as safetensors.',
  )
}

async function write(folder: string, files: Files): Promise<void> {
  for (const [name, contents] of Object.entries(files)) await writeFile(path.join(folder, name), contents)
}

/** Readable images from all over the data set, or sample images where there are none, [B, S, S, 3]; and whose they are. */
async function imagesOf({ dataset, source }: Provenance): Promise<{ pixels: Float32Array; images: string }> {
  const { imageSize } = source.model
  const load = async (folder: string, manifest: Manifest) => {
    const chosen = evenlySpread(manifest.indicesOf('train'), proofImages).map((index) => manifest.at(index))
    const list = { folder, images: chosen, statistics: source.statistics, decoders: 1 }
    const { pixels, reasons } = await loadCentred(list, imageSize)
    const length = imageSize ** 2 * 3
    return joined(
      reasons.flatMap((reason, i) =>
        reason === null ? [pixels.subarray(i * length, (i + 1) * length)] : [],
      ),
    )
  }
  const own = await load(dataset.folder, dataset.images)
  if (own.length) return { pixels: own, images: dataset.name }
  const pixels = await load(sampleImagesFolder(), await sampleImages())
  return { pixels, images: `sample images, since those of ${dataset.name} cannot be read` }
}

async function sampleImages(): Promise<Manifest> {
  const index = new DatasetIndex(sampleImagesFolder(), ':memory:')
  await index.scan()
  const images = [...index.usable()].flat().map((image) => ({ ...image, split: 'train' as const }))
  index.close()
  return Manifest.of(images)
}

async function listFiles(folder: string): Promise<Exported['files']> {
  const names = (await readdir(folder)).sort()
  return Promise.all(names.map(async (name) => ({ name, bytes: (await stat(path.join(folder, name))).size })))
}
