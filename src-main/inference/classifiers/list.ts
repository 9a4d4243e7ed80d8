import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import type { Classifier } from '#shared/contract'
import { AppError } from '#shared/errors'
import { readFewShot } from '#inference/labels/kept'
import { classifiersFolder } from '#platform/paths'
import { evaluationPaths, listEvaluations, readEvaluation } from '#storage/evaluation-folder'
import { fewAtOnce } from '#storage/few-at-once'
import { makeFolder } from '#storage/files'
import { foldersIn } from '#storage/own-files'
import { recordIfAny, writeRecord } from '#storage/record'
import { type ClassifierPlace, noClassifier } from './open'

/** A run that classifiers may come from. */
interface Run {
  id: string
  name: string
  folder: string
}

export type ListedClassifier = Classifier & { place: ClassifierPlace }

/** The names that a person gave to classifiers, by their keys. */
const names = z.record(z.string(), z.string())
const namesFile = () => path.join(classifiersFolder(), 'names.json')
const readNames = async () => names.safeParse((await recordIfAny(namesFile()))?.['names']).data ?? {}

export async function nameClassifier(key: string, name: string): Promise<void> {
  await makeFolder(classifiersFolder())
  await writeRecord(namesFile(), { names: { ...(await readNames()), [key]: name } })
}

/** Removes a classifier of few labels for good. Throws AppError bad-settings for others, which belong to their evaluations. */
export async function removeClassifier({ key, kind, name, place }: ListedClassifier): Promise<void> {
  if (kind !== 'few-shot')
    throw new AppError(
      'bad-settings',
      `${name} is part of an evaluation.`,
      'Remove the evaluation of its run.',
    )
  await rm(place.folder, { recursive: true })
  const others = Object.entries(await readNames()).filter(([given]) => given !== key)
  await writeRecord(namesFile(), { names: Object.fromEntries(others) })
}

/** The classifiers of every kind, newest first: those that were kept, and what evaluations of these runs left behind. */
export async function listClassifiers(runs: Run[]): Promise<ListedClassifier[]> {
  const given = await readNames()
  const found = [...(await keptOnes(runs)), ...(await fewAtOnce(runs, evaluatedOnes)).flat()]
  return found
    .map((one) => ({ ...one, name: given[one.key] ?? one.name }))
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
}

async function keptOnes(runs: Run[]): Promise<ListedClassifier[]> {
  const all = classifiersFolder()
  const found = await fewAtOnce(await foldersIn(all), async (name) => {
    const folder = path.join(all, name)
    const kept = await readFewShot(folder).catch(() => null)
    const run = runs.find(({ id }) => id === kept?.about.run)
    if (!kept || !run) return [] // without its run it can do nothing
    const { about, classifier } = kept
    return [
      {
        ...about,
        ...{
          key: name,
          kind: 'few-shot' as const,
          classes: classifier.classes,
          place: { folder, run: run.folder },
        },
        accuracy: about.labels > 0 ? { share: about.right / about.labels, of: about.labels } : null,
      },
    ]
  })
  return found.flat()
}

async function evaluatedOnes(run: Run): Promise<ListedClassifier[]> {
  const evaluations = await listEvaluations(run.folder).catch(() => [])
  const found = await fewAtOnce(
    evaluations,
    async ({ kind, id, folder, score, step, dataset, createdAt }) => {
      if (kind === 'segment' || !existsSync(evaluationPaths(folder).classifier)) return []
      const { classes } = await readEvaluation(folder)
      return [
        {
          ...{ key: `${run.id}/${id}`, kind, run: run.id, step, classes, createdAt },
          ...{ name: `${run.name}, ${dataset.name}`, dataset: dataset.name, labels: dataset.train },
          accuracy: score && { share: score.top1, of: score.images },
          place: { folder, run: run.folder },
        },
      ]
    },
  )
  return found.flat()
}

/** The one rule for what names a classifier: its key, its folder, or its name. Throws AppError classifier-missing. */
export function findClassifier(given: string, all: ListedClassifier[]): ListedClassifier {
  const exact = all.find(({ key, place }) => key === given || place.folder === path.resolve(given))
  if (exact) return exact
  const named = all.filter(({ name, key }) => name === given || path.basename(key) === given)
  if (named.length === 1) return named[0]!
  throw noClassifier(
    named.length === 0
      ? `There is no classifier "${given}".`
      : `"${given}" may be any of ${named.map(({ key }) => key).join(', ')}.`,
  )
}
