import { Command } from 'commander'
import { classifierKinds } from '#shared/contract'
import { accuracy } from '#shared/format'
import {
  findClassifier,
  type ListedClassifier,
  nameClassifier,
  removeClassifier,
} from '#inference/classifiers/list'
import { answers, table } from '#cli/support/answer'
import { classifiersOf } from '#cli/support/classifiers'
import { runsOption } from '#cli/support/options'

export const classifiersCommand = answers(
  new Command('classifiers')
    .description('list what names the classes of images: kept classifiers, and what evaluations left behind')
    .argument('[classifier]', 'this one alone: its name, key or folder')
    .option('--name <name>', 'first give it this name')
    .option('--remove', 'first remove it for good, where it was kept from few labels, and list the others')
    .addOption(runsOption()),
  list,
  (found) =>
    found.length
      ? table(
          found.map(({ name, key, kind, classes, accuracy: right }) => ({
            ...{ name, key, kind: classifierKinds[kind], classes: classes.length },
            accuracy: right ? `${accuracy(right.share)} of ${right.of}` : '',
          })),
        )
      : 'There are no classifiers yet: evaluate a run, or label images and keep the classifier.',
)

/** `saim classifiers`: the classifiers of every kind that there are then, the newest last. */
async function list(
  given: string | undefined,
  { runs, name, remove = false }: { runs: string; name?: string; remove?: boolean },
): Promise<ListedClassifier[]> {
  if (remove) await removeClassifier(findClassifier(given ?? '', await classifiersOf(runs)))
  if (name !== undefined)
    await nameClassifier(findClassifier(given ?? '', await classifiersOf(runs)).key, name)
  const all = (await classifiersOf(runs)).reverse()
  return given === undefined || remove ? all : [findClassifier(name ?? given, all)]
}
