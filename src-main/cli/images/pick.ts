import { Option } from 'commander'
import { counted } from '#shared/words'
import { csvTable } from '#shared/csv'
import { act } from '#images/index/labels'
import { writeLabels } from '#images/index/open-index'
import { diverseImages } from '#inference/order/diverse'
import { writeFileSafely } from '#storage/files'
import { readyPlace } from '#storage/ready-folder'
import { answers } from '#cli/support/answer'
import { type MeasuredOptions, measuredCommand, withMeasured } from '#cli/support/measured'
import { whole } from '#cli/support/options'

interface PickOptions extends MeasuredOptions {
  count: number
  tag?: string
  output: string
}

export const pickCommand = answers(
  measuredCommand('pick')
    .description('pick images that differ as much as they can by what a checkpoint sees, as CSV')
    .addOption(new Option('--count <n>', 'how many').default(100).argParser(whole(1)))
    .option('--tag <name>', 'also give them this tag in the data set')
    .option('--output <file>', 'where the table is written', 'diverse.csv'),
  pick,
  ({ images, tag, output }) =>
    `${counted(images.length, 'images')}${tag === null ? '' : `, tagged ${tag}`}. Written: ${output}`,
)

/** `saim pick`: a diverse subset of the images below a folder, in the order in which they were picked. */
async function pick(run: string, folder: string | undefined, options: PickOptions) {
  const { count, tag } = options
  const output = await readyPlace(options.output)
  return withMeasured(run, folder, options, async (index, checkpoint) => {
    const found = await diverseImages(index, checkpoint, count)
    const images = found.map((image) => index.pathOf(image)!)
    await writeFileSafely(output, csvTable([['path'], ...images.map((image) => [image])]))
    if (tag !== undefined) {
      act(index, found, { tag: { name: tag, on: true } })
      await writeLabels(index)
    }
    return { images, tag: tag ?? null, output }
  })
}
