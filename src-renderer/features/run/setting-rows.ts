import type { Run } from '#shared/contract'
import { commandOf } from '#shared/settings/command'
import {
  allSettings,
  fromPreset,
  type Hyperparameters,
  learningRate,
  paperValue,
  presetOf,
  settledBy,
} from '#shared/settings/hyperparameters'
import { objectives } from '#shared/settings/objectives'
import type { Setting } from '#shared/settings/schema'
import { counted, ordinal } from '#shared/words'
import { count, date, dateTime, number, settingValue, inSentence } from '#ui/format'

/** A line of the settings of a run: its value, and what to compare it with. */
export interface SettingRow {
  title: string
  value: string
  note: string
  /** Whether it differs from the preset. */
  changed: boolean
}
export interface RowGroup {
  group: Setting['group'] | 'Compute'
  rows: SettingRow[]
}

type Name = keyof Hyperparameters

/** Settings that make one line together, in the place of the first of them. */
interface Together {
  title: string
  names: Name[]
  value(h: Hyperparameters): string
}

const range = (title: string, least: Name, most: Name): Together => ({
  title,
  names: [least, most],
  value: (h) => `${valueOf(least, h)} to ${valueOf(most, h)}`,
})

const together: Together[] = [
  range('Crop area', 'cropScaleMinimum', 'cropScaleMaximum'),
  range('Crop ratio', 'cropRatioMinimum', 'cropRatioMaximum'),
  {
    title: 'Width, depth, heads',
    names: ['width', 'depth', 'heads'],
    value: ({ width, depth, heads }) => `${count(width)}, ${depth}, ${heads}`,
  },
  {
    title: 'Blur',
    names: ['blurSize', 'blurSigma'],
    value: (h) => (h.blurSize ? `${valueOf('blurSize', h)}, sigma ${h.blurSigma}` : valueOf('blurSize', h)),
  },
  {
    title: 'Loss',
    names: ['loss', 'normalizePixels'],
    value: ({ loss, normalizePixels }) => (normalizePixels ? `${loss}, normalised patches` : loss),
  },
  {
    title: 'Keep',
    names: ['keepEvery', 'keepBest'],
    value: ({ keepEvery, keepBest }) => {
      const regular = keepEvery > 1 ? `every ${ordinal(keepEvery)}` : keepEvery ? 'all' : 'the newest'
      return keepBest ? `${regular}, and the best ${keepBest}` : regular
    },
  },
]

/** Settings that say nothing of a run with this objective. */
const unused = ({ objective }: Hyperparameters): Name[] =>
  objective === 'mae' ? [] : ['maskRatio', 'decoderWidth', 'decoderDepth']

const settingOf = (name: string) => allSettings.find((setting) => setting.name === name)
/** A value that was noted when a run was resumed. */
const told = (name: string, value: Setting['default']) => settingValue(settingOf(name) ?? {}, value)
const valueOf = (name: Name, h: Hyperparameters) => settingValue(settingOf(name)!, h[name])

/** The paper's run, as far as it says how it was made; the others are the defaults. */
const paper = Object.fromEntries(
  allSettings.map((setting) => [setting.name, paperValue(setting) ?? setting.default]),
) as unknown as Hyperparameters

const row = (title: string, value: string, note = ''): SettingRow => ({ title, value, note, changed: false })

/** The settings of a run by group, beside those of its preset and the paper; what trained it is named by `engines`. */
export function rowsOf(run: Run, engines: { id: string; title: string }[]): RowGroup[] {
  const h = run.hyperparameters
  const preset = presetOf(h)
  const start = preset && fromPreset(preset)
  const settled = settledBy(h.objective)
  const titleOf = (name: string) => settingOf(name)?.title ?? name

  const rowOf = ({ name, title }: { name: Name; title: string }): SettingRow[] => {
    if (unused(h).includes(name)) return []
    const group = together.find(({ names }) => names.includes(name))
    if (group && group.names[0] !== name) return []
    const line = group ?? { title, names: [name], value: (of: Hyperparameters) => valueOf(name, of) }
    const differs = (of: Hyperparameters) => line.names.some((each) => h[each] !== of[each])
    const isSettled = line.names.some((each) => each in settled)
    const changed = start !== null && differs(start) && !isSettled
    const note = () => {
      if (isSettled) return `set by ${objectives[h.objective].title}`
      if (changed) return `preset ${line.value(start)}`
      return line.names.some(isFromPaper) && differs(paper) ? `paper ${line.value(paper)}` : ''
    }
    const made = { title: line.title, value: line.value(h), note: note(), changed }
    return name === 'baseLearningRate' ? [made, peak] : [made]
  }
  const peak = row(
    'Learning rate, peak',
    number(learningRate(h)),
    `base rate × ${h.batchSize * h.accumulation} ÷ 256`,
  )
  const before: Partial<Record<Setting['group'], SettingRow[]>> = {
    Data: [row('Data set', run.dataset.name, run.dataset.folder), row('Images', imagesOf(run.dataset))],
    Model: preset ? [row('Model', preset)] : [],
  }
  const groups = (['Data', 'Model', 'Optimisation', 'Method', 'Run'] as const).map((group) => ({
    group,
    rows: [
      ...(before[group] ?? []),
      ...allSettings.filter((setting) => setting.group === group).flatMap(rowOf),
    ],
  }))
  const resumed = run.seams.map(({ step, at, changes }) =>
    row(
      'Resumed',
      `step ${step}, ${inSentence(date(at))}`,
      changes
        .map(({ setting, from, to }) => `${titleOf(setting)} ${told(setting, from)} → ${told(setting, to)}`)
        .join(', ') || 'nothing changed',
    ),
  )
  const origin = run.origin ? [row('Started from', `${run.origin.name}, step ${run.origin.step}`)] : []
  const compute = [
    row('Engine', trainedBy(run, engines)),
    row('Started', dateTime(run.createdAt)),
    ...origin,
    ...resumed,
    row('Folder', run.folder),
  ]
  return [...groups, { group: 'Compute', rows: compute }]
}

const isFromPaper = (name: Name) => paperValue(settingOf(name)!) !== undefined

const imagesOf = ({ images, validation }: Run['dataset']) =>
  validation ? `${count(images)} to train, ${count(validation)} held out` : counted(images, 'images')

function trainedBy({ cluster, engine }: Run, engines: { id: string; title: string }[]): string {
  if (!cluster) return engines.find(({ id }) => id === engine)?.title ?? engine
  const { launcher, workers, address } = cluster
  return `${launcher}, up to ${counted(workers, 'workers')}${address ? ` at ${address}` : ''}`
}

/** The rows that contain what is looked for, of those that are changed if only these are wanted. */
export function foundRows(groups: RowGroup[], query: string, onlyChanged: boolean): RowGroup[] {
  const text = query.trim().toLowerCase()
  const isFound = ({ title, value, changed }: SettingRow) =>
    (changed || !onlyChanged) && `${title} ${value}`.toLowerCase().includes(text)
  return groups
    .map(({ group, rows }) => ({ group, rows: rows.filter(isFound) }))
    .filter(({ rows }) => rows.length > 0)
}

/** The command that would train the same run again. */
export const commandOfRun = ({ dataset, hyperparameters, name, origin, cluster }: Run) =>
  commandOf({
    folder: dataset.folder,
    preset: presetOf(hyperparameters) ?? 'base',
    hyperparameters,
    name,
    from: origin ?? undefined,
    cluster: cluster ?? undefined,
  })
