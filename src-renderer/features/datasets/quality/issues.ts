import {
  type Dataset,
  type DatasetFilterInput,
  type DatasetReport,
  type PairKind,
  pairKind,
} from '#shared/contract'
import { presetImageSizes } from '#shared/settings/hyperparameters'
import { counted, listed } from '#shared/words'
import { count } from '#ui/format'

/** Something to know about a data set before training on it. */
export interface Issue {
  name: PairKind | 'damaged' | 'uneven' | 'small' | 'sizes' | 'folders'
  kind: 'warn' | 'info'
  title: string
  text: string
  /** The images that show it. */
  examples?: DatasetFilterInput
}

/** The kind of pairs that an issue is about; null where it is about other things. */
export const pairsOf = ({ name }: Issue): PairKind | null =>
  pairKind.options.find((kind) => kind === name) ?? null

/** A smallest class of less than this share of the largest makes the classes uneven. */
const evenShare = 0.75

/** What to look at, the weightiest first. */
export function issuesOf(dataset: Dataset, report: DatasetReport): Issue[] {
  const issues: (Issue | false)[] = [
    dataset.unreadable > 0 && {
      name: 'damaged',
      kind: 'warn',
      title: `${counted(dataset.unreadable, 'files')} cannot be read`,
      text: 'Training leaves them out.',
    },
    report.leaked > 0 && {
      name: 'leaked',
      kind: 'warn',
      title: `${counted(report.leaked, 'pairs')} of training and held-out images`,
      text: 'Held-out images that look like training images make scores look better than they are.',
      examples: { problems: ['leaked'] },
    },
    report.identical > 0 && {
      name: 'identical',
      kind: 'warn',
      title: counted(report.identical, 'identical copies'),
      text: 'Copies in training and test make scores look better than they are.',
      examples: { problems: ['identical'] },
    },
    report.near > 0 && {
      name: 'near',
      kind: 'warn',
      title:
        report.near === 1
          ? '1 pair looks nearly the same'
          : `${count(report.near)} pairs look nearly the same`,
      text: 'Copies in training and test make scores look better than they are.',
      examples: { problems: ['near'] },
    },
    unevenOf(dataset),
    smallOf(report),
    report.alike > 0 && {
      name: 'alike',
      kind: 'info',
      title:
        report.alike === 1
          ? '1 pair shows nearly the same'
          : `${count(report.alike)} pairs show nearly the same`,
      text: 'A model takes them for alike. They may be shots of one thing.',
      examples: { problems: ['alike'] },
    },
    ...dataset.notices.map((text): Issue => ({
      name: 'folders',
      kind: 'info',
      title: 'About the folders',
      text,
    })),
    sizesOf(dataset, report),
  ]
  return issues.filter((issue) => issue !== false)
}

/** The class with the fewest images. */
export const smallestClass = ({ classes }: Dataset) =>
  classes.reduce((least, one) => (one.images < least.images ? one : least), classes[0]!)

function unevenOf(dataset: Dataset): Issue | false {
  const { classes } = dataset
  if (classes.length < 2) return false
  const least = smallestClass(dataset)
  const others = classes.filter((one) => one !== least).map(({ images }) => images)
  const [low, high] = [Math.min(...others), Math.max(...others)]
  if (least.images >= evenShare * high) return false
  const rest = low === high ? `the others ${count(high)}` : `others up to ${count(high)}`
  return {
    name: 'uneven',
    kind: 'warn',
    title: 'Classes are uneven',
    text: `${least.name} has ${counted(least.images, 'images')}, ${rest}. Read “mean per class” beside top-1.`,
    examples: { classes: [least.name] },
  }
}

function smallOf({ smaller }: DatasetReport): Issue | false {
  const [smallest] = smaller
  if (!smallest || smallest.images === 0) return false
  return {
    name: 'small',
    kind: 'warn',
    title: `${counted(smallest.images, 'images')} smaller than ${smallest.side} px`,
    text: 'They are upscaled, even for the smallest model.',
    examples: { problems: ['small'] },
  }
}

function sizesOf({ sizes }: Dataset, { smaller }: DatasetReport): Issue | false {
  const tooLarge = smaller.filter(({ images }) => images > 0).map(({ side }) => side)
  if (!sizes || tooLarge.length === 0) return false
  const sides = Object.values(sizes)
  const same = sides.every((side) => side === sides[0])
  const fitting = presetImageSizes.filter((side) => !tooLarge.includes(side))
  return {
    name: 'sizes',
    kind: 'info',
    title: same ? `All images are ${sides[0]} px` : `The smallest image is ${Math.min(...sides)} px`,
    text: fitting.length
      ? `Models of ${listed(fitting.map((side) => `${side} px`))} fit. Larger ones would see upscaled pixels.`
      : 'Every model would see upscaled pixels.',
  }
}

/** What was looked at and is as it should be. */
export function fineOf(dataset: Dataset, report: DatasetReport, issues: Issue[]): string[] {
  const has = (name: Issue['name']) => issues.some((issue) => issue.name === name)
  const checked = dataset.unchecked === 0
  const { train, validation, test } = dataset.splits
  const heldOut = train > 0 && validation + test > 0
  const fine: [boolean, string][] = [
    [checked && !has('damaged'), `All ${counted(dataset.images + dataset.excluded, 'files')} can be read`],
    [checked && !has('identical'), 'No identical copies'],
    [checked && !has('near'), 'No near-duplicates'],
    [report.compared !== null && !has('alike'), 'No images that show nearly the same'],
    [checked && heldOut && !has('leaked'), 'No held-out images among the training images'],
    [dataset.classes.length > 1 && !has('uneven'), 'Classes are even'],
    [!has('sizes') && report.smaller.length > 0, 'All images are large enough for every model'],
  ]
  return fine.filter(([is]) => is).map(([, text]) => text)
}
