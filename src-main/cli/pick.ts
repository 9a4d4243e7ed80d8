import { Option } from 'commander'
import { counted } from '#shared/words'
import { csvTable } from '#shared/csv'
import { act } from '#images/index/labels'
import { writeLabels } from '#images/index/open-index'
import { diverseImages } from '#inference/order/diverse'
import { writeFileSafely } from '#storage/files'
import { readyPlace } from '#storage/ready-folder'
import { type MeasuredOptions, measuredCommand, withMeasured } from './support/measured'
import { whole } from './support/options'

interface PickOptions extends MeasuredOptions {
  count: number
  tag?: string
  output: string
}

export const pickCommand = measuredCommand('pick')
  .description('pick images that differ as much as they can by what a checkpoint sees, as CSV')
  .addOption(new Option('--count <n>', 'how many').default(100).argParser(whole(1)))
  .option('--tag <name>', 'also give them this tag in the data set')
  .option('--output <file>', 'where the table is written', 'diverse.csv')
  .action(pick)

/** `saim pick`: a diverse subset of the images below a folder, in the order in which they were picked. */
async function pick(run: string, folder: string | undefined, options: PickOptions): Promise<void> {
  const { count, tag } = options
  const target = await readyPlace(options.output)
  await withMeasured(run, folder, options, async (index, checkpoint) => {
    const found = await diverseImages(index, checkpoint, count)
    await writeFileSafely(target, csvTable([['path'], ...found.map((image) => [index.pathOf(image)!])]))
    if (tag !== undefined) {
      act(index, found, { tag: { name: tag, on: true } })
      await writeLabels(index)
    }
    console.log(
      `${counted(found.length, 'images')}${tag === undefined ? '' : `, tagged ${tag}`}. Written: ${target}`,
    )
  })
}
