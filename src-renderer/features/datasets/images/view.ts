import type { LocationQuery, LocationQueryRaw } from 'vue-router'
import { type DatasetFilterInput, type ImageProblem, imageProblem, split } from '#shared/contract'

/** What the page of a data set shows, as its address says. */
export interface View {
  classes: string[]
  splits: NonNullable<DatasetFilterInput['splits']>
  problems: ImageProblem[]
  /** Tags, suggested classes, and clusters. */
  tags: string[]
  suggested: string[]
  clusters: string[]
  /** The least oddness; null where any will do. */
  odd: number | null
  text: string
  /** Bounds of the loss; null where it has none. */
  from: number | null
  to: number | null
  sort: NonNullable<DatasetFilterInput['sort']>
  /** The images that others shall be similar to, by their paths. */
  similar: string[]
  /** The checkpoint that losses and similarity are of. */
  run: string | null
  step: number | null
  /** The image that is looked at, by its path. */
  image: string | null
  /** Whether images are being labelled. */
  labelling: boolean
}

const splitNames = ['none', ...split.options] as const
const sorts = ['name', 'size', 'loss', 'unsure', 'sure', 'typical', 'odd'] as const

export function viewOf(query: LocationQuery): View {
  const all = (name: string) => [query[name] ?? []].flat().map((value) => value ?? '')
  const one = (name: string) => all(name)[0] ?? null
  const number = (name: string) => {
    const text = one(name)
    return text && Number.isFinite(Number(text)) ? Number(text) : null
  }
  const known = <T extends string>(name: string, values: readonly T[]) =>
    values.filter((value) => all(name).includes(value))
  return {
    classes: all('class'),
    splits: known('split', splitNames),
    problems: known('problem', imageProblem.options),
    tags: all('tag').filter(Boolean),
    suggested: all('suggested').filter(Boolean),
    clusters: all('cluster').filter(Boolean),
    odd: number('odd'),
    text: one('text') ?? '',
    from: number('from'),
    to: number('to'),
    sort: known('sort', sorts)[0] ?? 'name',
    similar: all('similar').filter(Boolean),
    run: one('run'),
    step: number('step'),
    image: one('image'),
    labelling: one('label') !== null,
  }
}

export function queryOf(view: View): LocationQueryRaw {
  const query = {
    class: view.classes,
    split: view.splits,
    problem: view.problems,
    tag: view.tags,
    suggested: view.suggested,
    cluster: view.clusters,
    odd: view.odd,
    text: view.text || null,
    from: view.from,
    to: view.to,
    sort: view.sort === 'name' ? null : view.sort,
    similar: view.similar,
    run: view.run,
    step: view.step,
    image: view.image,
    label: view.labelling ? 1 : null,
  }
  return Object.fromEntries(
    Object.entries(query).filter(
      ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
    ),
  )
}

/** The parts of a view that hide images, as they are when they hide none. */
export const unfiltered = {
  ...{ classes: [], splits: [], problems: [], tags: [], suggested: [], clusters: [], similar: [] },
  ...{ odd: null, text: '', from: null, to: null },
} satisfies Partial<View>

/** How labelling begins: with the images that have no class, in the order of names. */
export const unlabelled = { labelling: true, classes: [''], sort: 'name' } satisfies Partial<View>

/** The filter of a view; `similar` are the images that were found for it, nearest first. */
export function filterOf(
  { classes, splits, problems, tags, suggested, clusters, odd, text, from, to, sort, run, step }: View,
  similar: string[] | null,
): DatasetFilterInput {
  const hasLoss = from !== null || to !== null
  return {
    ...(classes.length && { classes }),
    ...(splits.length && { splits }),
    ...(problems.length && { problems }),
    ...(tags.length && { tags }),
    ...(suggested.length && { suggested }),
    ...(clusters.length && { clusters }),
    ...(odd !== null && { odd }),
    ...(text && { text }),
    ...(run !== null && step !== null && { checkpoint: { run, step } }),
    ...(hasLoss && { loss: { from: from ?? -Number.MAX_VALUE, to: to ?? Number.MAX_VALUE } }),
    ...(similar && { paths: similar }),
    ...(sort !== 'name' && { sort }),
  }
}
