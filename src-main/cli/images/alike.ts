import { Option } from 'commander'
import type { DuplicatePair } from '#shared/contract'
import { counted } from '#shared/words'
import { csvTable } from '#shared/csv'
import { duplicatePairs, reportOf } from '#images/index/report'
import { findAlike } from '#inference/order/alike'
import { writeFileSafely } from '#storage/files'
import { readyPlace } from '#storage/ready-folder'
import { answers } from '#cli/support/answer'
import { type MeasuredOptions, measuredCommand, withMeasured } from '#cli/support/measured'
import { anyNumber } from '#cli/support/options'

interface AlikeOptions extends MeasuredOptions {
  similarity: number
  output: string
}

export const alikeCommand = answers(
  measuredCommand('alike')
    .description(
      'list images that are nearly the same to a checkpoint, and held-out ones among training images, as CSV',
    )
    .addOption(
      new Option('--similarity <value>', 'cosine from which on they are').default(0.98).argParser(anyNumber),
    )
    .option('--output <file>', 'where the table is written', 'alike.csv'),
  alike,
  ({ alike, leaked, output }) =>
    `${counted(alike, 'pairs')} alike, ${leaked} between training and held-out images. Written: ${output}`,
)

/** `saim alike`: pairs of nearly the same images below a folder. They are kept with the data set, where the window shows them. */
async function alike(run: string, folder: string | undefined, options: AlikeOptions) {
  const output = await readyPlace(options.output)
  return withMeasured(run, folder, options, async (index, checkpoint) => {
    await findAlike(index, checkpoint, options.similarity)
    const counts = reportOf(index)
    const pairs = (['alike', 'leaked'] as const).flatMap((kind) =>
      duplicatePairs(index, kind, 0, counts[kind]).pairs.map((pair) => [kind, ...row(pair)]),
    )
    await writeFileSafely(output, csvTable([['kind', 'path', 'other', 'similarity'], ...pairs]))
    return { alike: counts.alike, leaked: counts.leaked, output }
  })
}

const row = ({ copy, of, similarity }: DuplicatePair) => [copy.path, of.path, similarity?.toFixed(4) ?? '']
