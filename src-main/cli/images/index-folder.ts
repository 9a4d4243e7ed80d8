import { Command } from 'commander'
import { answers } from '#cli/support/answer'
import { contentsOf, contentsWords, withImages } from '#cli/support/images'

/** `saim index`: the data set that a run on the folder would have. */
export const indexCommand = answers(
  new Command('index')
    .description('look through a folder of images: what it holds, and what cannot be read')
    .argument('<folder>', 'the images'),
  (given: string) => withImages(given, ({ dataset, index }) => contentsOf(dataset.folder, index)),
  contentsWords,
)
