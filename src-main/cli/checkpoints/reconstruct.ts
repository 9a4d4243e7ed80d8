import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Option } from 'commander'
import { number } from '#shared/format'
import { loadCentredImage } from '#images/decode/centred'
import { chosenOrder } from '#inference/pictures/chosen-order'
import { png } from '#inference/pictures/pictures'
import { panelsOf, reconstruct as reconstructImage } from '#inference/pictures/reconstruct'
import { animation, strip, unroll } from '#inference/pictures/unroll'
import { readImages } from '#images/manifest'
import { fixedImages } from '#images/sample'
import { freeName, namesOf } from '#storage/free-name'
import { readRun } from '#storage/run/run-folder'
import { answers, lines } from '#cli/support/answer'
import { openCheckpoint } from '#cli/support/checkpoint'
import { whole } from '#cli/support/options'
import { readyFolder } from '#storage/ready-folder'
import { lookCommand, type LookOptions, orderOf, sideBySide } from '#cli/support/look'

export const reconstructCommand = answers(
  lookCommand('reconstruct')
    .description('show what a checkpoint predicts of images, as PNG files')
    .argument('[images...]', 'without them, the images that the run is shown with')
    .addOption(new Option('--animate <format>', 'also how the patches come about').choices(['gif', 'png']))
    .option('--free', 'animate from predictions fed back, not from the true patches')
    .addOption(
      new Option('--given <n>', "patches of the beginning that are the image's own")
        .default(0)
        .argParser(whole(0)),
    ),
  reconstruct,
  ({ images, note }) =>
    lines(...images.flatMap(({ picture, loss, film }) => [`${picture}: loss ${number(loss)}`, film]), note),
)

/** `saim reconstruct`: original, smoothed target, prediction, error and what the model says alone, a PNG for each image. */
async function reconstruct(
  run: string,
  files: string[],
  options: LookOptions & { animate?: 'gif' | 'png'; free?: boolean; given: number },
) {
  await readyFolder(options.out)
  const { model, folder, step } = await openCheckpoint(run, options)
  const images = files.length ? files : await imagesOfRun(folder)
  const names = namesOf(images)
  const save = async (name: string, extension: string, contents: Uint8Array) => {
    const target = await freeName(options.out, name, extension)
    await writeFile(target, contents, { flag: 'wx' })
    return target
  }
  const shown: { image: string; picture: string; loss: number; film: string | null }[] = []
  for (const [i, file] of images.entries()) {
    const pixels = await loadCentredImage(file, model.h.imageSize, model.statistics)
    const order = chosenOrder(model.h, orderOf(options))
    const result = await reconstructImage(model, pixels, order)
    const panels = Object.values(panelsOf(result, model.statistics)).filter((panel) => panel !== null)
    const name = `${names[i]}-${step}`
    const picture = await save(name, '.png', await png(sideBySide(panels)))
    shown.push({ image: file, picture, loss: result.loss, film: null })
    if (!options.animate) continue
    const mode = options.free ? 'free' : 'teacher'
    const given = Math.min(options.given, order.length)
    const unrolling = await unroll(model, pixels, order, { mode, given })
    const film = await (options.animate === 'gif' ? animation : strip)(unrolling, model.h)
    shown.at(-1)!.film = await save(`${name}-${mode}`, `.${options.animate}`, film)
  }
  return {
    images: shown,
    note: model.h.normalizePixels
      ? 'The prediction has the mean and deviation of the true patches; the last panel is what the model says without them.'
      : null,
  }
}

async function imagesOfRun(folder: string): Promise<string[]> {
  const { dataset } = await readRun(folder)
  return fixedImages(await readImages(folder)).map((image) => path.join(dataset.folder, image.path))
}
