import { Command } from 'commander'
import { classifierKinds } from '#shared/contract'
import { accuracy } from '#shared/format'
import { findClassifier, nameClassifier } from '#inference/classifiers/list'
import { classifiersOf } from './support/classifiers'
import { runsOption } from './support/options'

export const classifiersCommand = new Command('classifiers')
  .description('list what names the classes of images: kept classifiers, and what evaluations left behind')
  .argument('[classifier]', 'this one alone: its name, key or folder')
  .option('--name <name>', 'first give it this name')
  .addOption(runsOption())
  .action(list)

/** `saim classifiers`: prints a table of the classifiers of every kind, the newest last. */
async function list(
  given: string | undefined,
  { runs, name }: { runs: string; name?: string },
): Promise<void> {
  if (name !== undefined)
    await nameClassifier(findClassifier(given ?? '', await classifiersOf(runs)).key, name)
  const all = (await classifiersOf(runs)).reverse()
  const shown = given === undefined ? all : [findClassifier(name ?? given, all)]
  const rows = shown.map(({ name, key, kind, classes, accuracy: right }) => ({
    ...{ name, key, kind: classifierKinds[kind], classes: classes.length },
    accuracy: right ? `${accuracy(right.share)} of ${right.of}` : '',
  }))
  if (rows.length) console.table(rows)
  else console.log('There are no classifiers yet: evaluate a run, or label images and keep the classifier.')
}
