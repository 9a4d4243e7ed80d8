import { Option } from 'commander'
import { clusterCount } from '#shared/contract'
import { counted } from '#shared/words'
import { csvTable } from '#shared/csv'
import { clusteredImages, clustersOf } from '#images/index/clusters'
import { cluster } from '#inference/order/clusters'
import { writeFileSafely } from '#storage/files'
import { readyPlace } from '#storage/ready-folder'
import { answers, lines } from '#cli/support/answer'
import { type MeasuredOptions, measuredCommand, withMeasured } from '#cli/support/measured'
import { whole } from '#cli/support/options'

interface GroupOptions extends MeasuredOptions {
  clusters: number
  output: string
}

export const groupCommand = answers(
  measuredCommand('group')
    .description('divide images into clusters that look alike to a checkpoint, as CSV')
    .addOption(
      new Option('--clusters <n>', 'how many')
        .default(12)
        .argParser(whole(clusterCount.least, clusterCount.most)),
    )
    .option('--output <file>', 'where the table is written', 'clusters.csv'),
  group,
  ({ clusters, output }) => lines(...clusters.map(wordsOf), `Written: ${output}`),
)

function wordsOf({ name, images, mostly, typical }: ReturnType<typeof clustersOf>[number]): string {
  const most = mostly ? `, ${mostly.images} of them ${mostly.class}` : ''
  return `${name}: ${counted(images, 'images')}${most}, such as ${typical[0]!.path}`
}

/** `saim group`: the cluster of each image below a folder. They are kept with the data set, where the window shows them. */
async function group(run: string, folder: string | undefined, options: GroupOptions) {
  const output = await readyPlace(options.output)
  return withMeasured(run, folder, options, async (index, checkpoint) => {
    await cluster(index, checkpoint, options.clusters)
    const rows = clusteredImages(index).map((one) => [one.path, one.cluster, one.distance.toFixed(4)])
    await writeFileSafely(output, csvTable([['path', 'cluster', 'distance'], ...rows]))
    return { clusters: clustersOf(index), output }
  })
}
