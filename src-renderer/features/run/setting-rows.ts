import type { Run } from '#shared/contract'
import { commandOf } from '#shared/settings/command'
import {
  allSettings,
  fromPreset,
  learningRate,
  paperValue,
  presetOf,
  settledBy,
} from '#shared/settings/hyperparameters'
import { objectives } from '#shared/settings/objectives'
import type { Setting } from '#shared/settings/schema'
import { counted } from '#shared/words'
import { date, dateTime, number } from '#ui/format'
import { plainValue } from '#ui/settings/plain-value'

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

const row = (title: string, value: string, note = ''): SettingRow => ({ title, value, note, changed: false })

/** The settings of a run by group, beside those of its preset and the paper; what trained it is named by `engines`. */
export function rowsOf(run: Run, engines: { id: string; title: string }[]): RowGroup[] {
  const h = run.hyperparameters
  const preset = presetOf(h)
  const start = preset && fromPreset(preset)
  const settled = settledBy(h.objective)
  const titleOf = (name: string) => allSettings.find((setting) => setting.name === name)?.title ?? name

  const rowOf = (setting: Setting): SettingRow => {
    const name = setting.name as keyof typeof h
    const [value, paper] = [h[name], paperValue(setting)]
    const changed = start !== null && value !== start[name] && !(name in settled)
    const note = () => {
      if (name in settled) return `set by ${objectives[h.objective].title}`
      if (changed) return `preset ${plainValue(start[name])}`
      return paper !== undefined && paper !== value ? `paper ${plainValue(paper)}` : ''
    }
    return { title: setting.title, value: plainValue(value, setting.unit), note: note(), changed }
  }
  const before: Partial<Record<Setting['group'], SettingRow[]>> = {
    Data: [
      row('Data set', run.dataset.name, run.dataset.folder),
      row('Images', counted(run.dataset.images, 'images')),
    ],
    Model: preset ? [row('Model', preset)] : [],
    Optimisation: [
      row(
        'Learning rate, peak',
        number(learningRate(h)),
        `base rate × ${h.batchSize * h.accumulation} ÷ 256`,
      ),
    ],
  }
  const groups = (['Data', 'Model', 'Optimisation', 'Method', 'Run'] as const).map((group) => ({
    group,
    rows: [...(before[group] ?? []), ...allSettings.filter((setting) => setting.group === group).map(rowOf)],
  }))
  const resumed = run.seams.map(({ step, at, changes }) =>
    row(
      'Resumed',
      `step ${step}, ${date(at)}`,
      changes.map(({ setting, from, to }) => `${titleOf(setting)} ${from} → ${to}`).join(', ') ||
        'nothing changed',
    ),
  )
  const origin = run.origin ? [row('Started from', `${run.origin.name}, step ${run.origin.step}`)] : []
  const compute = [
    row('Engine', trainedBy(run, engines)),
    row('Created', dateTime(run.createdAt)),
    ...origin,
    ...resumed,
    row('Folder', run.folder),
  ]
  return [...groups, { group: 'Compute', rows: compute }]
}

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
