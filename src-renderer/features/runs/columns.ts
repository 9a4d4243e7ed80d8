import type { Run } from '#shared/contract'
import { allSettings, type Hyperparameters, presetNames, presets } from '#shared/settings/hyperparameters'
import { accuracy, count, date, duration, number, settingValue } from '#ui/format'
import type { Column } from '#ui/table/table'
import { useRuns } from './store'
import { stateOf } from './status'

const ofModel = ['imageSize', 'patchSize', 'width', 'depth', 'heads'] as const

/** The preset whose model a run trains; `custom` where it is none of them. */
export const modelOf = (h: Hyperparameters): string =>
  presetNames.find((name) => {
    const values: Partial<Hyperparameters> = presets[name].values
    return ofModel.every((key) => h[key] === (values[key] ?? defaults[key]))
  }) ?? 'custom'
const defaults = Object.fromEntries(
  allSettings.map((setting) => [setting.name, setting.default]),
) as Hyperparameters

/** Passes over the images that a run has made. */
export const epochsOf = ({ latest, hyperparameters, status }: Run): number =>
  status === 'finished' ? hyperparameters.epochs : Math.floor(latest?.epoch ?? 0)

/** The columns of the table of runs: those of the design, and every setting where a person chooses it. */
export function useColumns(): Column<Run>[] {
  const runs = useRuns()
  return [
    { key: 'name', title: 'Name', value: ({ name }) => name },
    { key: 'status', title: 'Status', width: 120, value: (run) => stateOf(run, runs.placeOf(run.id)).word },
    { key: 'dataset', title: 'Data set', width: 120, muted: true, value: ({ dataset }) => dataset.name },
    {
      key: 'model',
      title: 'Model',
      width: 64,
      muted: true,
      spared: true,
      value: (run) => modelOf(run.hyperparameters),
    },
    { key: 'epochs', title: 'Epochs', width: 120, numeric: true, value: epochsOf },
    {
      key: 'loss',
      title: 'Loss',
      width: 64,
      numeric: true,
      value: ({ latest }) => latest?.loss ?? null,
      text: ({ latest }) => number(latest!.loss, 3),
    },
    { key: 'trend', title: 'Trend', width: 92, value: ({ latest }) => latest?.loss ?? null },
    {
      key: 'knn',
      title: 'kNN top-1',
      width: 92,
      numeric: true,
      best: 'highest',
      value: ({ knn }) => knn,
      text: ({ knn }) => accuracy(knn),
    },
    {
      key: 'took',
      title: 'Took',
      width: 104,
      numeric: true,
      muted: true,
      spared: true,
      value: ({ latest }) => latest?.seconds ?? null,
      text: ({ latest }) => duration(latest!.seconds),
    },
    {
      key: 'started',
      title: 'Started',
      width: 88,
      numeric: true,
      muted: true,
      spared: true,
      value: ({ createdAt }) => Date.parse(createdAt),
      text: ({ createdAt }) => date(createdAt),
    },
    { key: 'picture', title: 'Reconstruction', width: 112, optional: true, value: ({ step }) => step },
    {
      key: 'steps',
      title: 'Steps',
      width: 88,
      numeric: true,
      optional: true,
      value: ({ step }) => step,
      text: ({ step }) => count(step),
    },
    {
      key: 'speed',
      title: 'Images/s',
      width: 88,
      numeric: true,
      optional: true,
      value: ({ latest }) => latest?.imagesPerSecond ?? null,
      text: ({ latest }) => latest!.imagesPerSecond.toFixed(0),
    },
    { key: 'engine', title: 'Engine', width: 132, optional: true, value: ({ engine }) => engine },
    ...allSettings.map((setting): Column<Run> => {
      const value = ({ hyperparameters }: Run) => hyperparameters[setting.name]
      const numeric = setting.kind === 'integer' || setting.kind === 'number'
      return {
        key: `setting-${setting.name}`,
        title: setting.title,
        width: 112,
        numeric,
        optional: true,
        value: (run) => (numeric ? Number(value(run)) : String(value(run))),
        text: (run) => settingValue(setting, value(run)),
      }
    }),
  ]
}
