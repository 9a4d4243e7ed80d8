import { AppError } from '#shared/errors'
import { Damaged } from '#storage/files'
import { imageNetStatistics } from '#shared/image-net'

/** The format of run folders, in run.json and in each checkpoint's state.json. resources/cluster/run_folder.py has it too. */
export const runFormat = 2

type Json = Record<string, unknown>

/** What makes a file of each format, from 1 on, one of the next. */
type Migrations = ((file: Json) => Json)[]

/** Format 1 came to have these over time; older runs of it lack some. */
const run: Migrations = [
  (file) => ({
    statistics: imageNetStatistics,
    cluster: null,
    engines: [],
    notice: null,
    cache: null,
    seams: [],
    pendingChanges: [],
    origin: null,
    ...file,
    hyperparameters: { precision: 'float32', ...(file['hyperparameters'] as Json) },
    dataset: { validation: 0, ...(file['dataset'] as Json) },
  }),
]
const checkpoint: Migrations = [
  (file) => ({ ...file, interval: { validation: null, ...(file['interval'] as Json) } }),
]

/** run.json as this version writes it. Throws AppError format-newer. */
export const migrateRun = (file: Json): Json => migrate('This run', file, run)

/** state.json of a checkpoint as this version writes it. Throws AppError format-newer. */
export const migrateCheckpoint = (file: Json): Json => migrate('This checkpoint', file, checkpoint)

function migrate(what: string, file: Json, migrations: Migrations): Json {
  const { format = 1 } = file // state.json had no number in format 1
  if (typeof format !== 'number') throw new Damaged(`its format is ${String(format)}`)
  if (format > runFormat)
    throw new AppError(
      'format-newer',
      `${what} was made by a newer version of SAIM Studio (format ${format}, this one knows ${runFormat}).`,
      'Update SAIM Studio. Nothing was changed.',
    )
  return { ...migrations.slice(format - 1).reduce((older, next) => next(older), file), format: runFormat }
}
