import { z } from 'zod'
import { hyperparametersSchema } from './hyperparameters'

/**
 * The contract between the renderer and the backend: every call with its input and output, every event with
 * its payload. Validated once, at the border, whatever carries it (Electron IPC or WebSocket).
 * Images never travel in messages: a message holds a path such as `thumbnail/<dataset>/<index>` that the
 * carrier serves (`saim://app/files/<path>` in Electron, `/files/<path>` over HTTP).
 */

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,80}$/)
const filePath = z.string().min(1).max(4096)
const count = z.int().min(0)
/** ISO 8601. */
const time = z.string()

// ---- data sets ---------------------------------------------------------------------------------------------

export const dataset = z.object({
  id,
  name: z.string(),
  folder: filePath,
  status: z.enum(['scanning', 'ready', 'failed']),
  /** Readable images found so far. */
  images: count,
  unreadable: count,
  /** Total size of the readable images in bytes. */
  bytes: count,
  /** Class folders; empty where the images are in no folders. */
  classes: z.array(z.object({ name: z.string(), images: count })),
  /** Smallest and largest width and height of the readable images in pixels; null before a scan. */
  sizes: z
    .object({ minimumWidth: count, maximumWidth: count, minimumHeight: count, maximumHeight: count })
    .nullable(),
  addedAt: time,
  scannedAt: time.nullable(),
  /** Why the scan failed. */
  error: z.string().nullable(),
})
export type Dataset = z.infer<typeof dataset>

export const datasetImage = z.object({
  /** Position in the data set; the thumbnail is at `thumbnail/<dataset>/<index>`. */
  index: count,
  /** Relative to the folder. */
  path: z.string(),
  class: z.string().nullable(),
  width: count,
  height: count,
  bytes: count,
})
export type DatasetImage = z.infer<typeof datasetImage>

// ---- runs --------------------------------------------------------------------------------------------------

export const runStatus = z.enum([
  'starting',
  'running',
  /** Stopped by the person, memory freed; goes on with resume. */
  'paused',
  'stopped',
  'finished',
  /** Ended by an error that it explains. */
  'failed',
  /** Its worker is gone without a word: power cut, kill, crash. */
  'interrupted',
])
export type RunStatus = z.infer<typeof runStatus>

export const metric = z.object({
  /** Updates of the weights done. */
  step: count,
  /** Passes over the data set, with fraction. */
  epoch: z.number(),
  loss: z.number(),
  learningRate: z.number(),
  /** Norm of the whole gradient before clipping. */
  gradientNorm: z.number(),
  imagesPerSecond: z.number(),
  /** Share of the time in which the step waited for images, 0 to 1. */
  dataWait: z.number(),
  /** Resident memory of the training process in bytes. */
  memory: z.number(),
  /** Seconds of training since the run began, over all resumes. */
  seconds: z.number(),
})
export type Metric = z.infer<typeof metric>

export const run = z.object({
  id,
  name: z.string(),
  status: runStatus,
  dataset: z.object({ name: z.string(), folder: filePath, images: count }),
  hyperparameters: hyperparametersSchema,
  engine: z.string(),
  createdAt: time,
  updatedAt: time,
  /** Updates done and in all. */
  step: count,
  totalSteps: count,
  /** The newest metric; null before the first step. */
  latest: metric.nullable(),
  /** Seconds to go at the speed of the last steps; null where unknown. */
  secondsLeft: z.number().nullable(),
  error: z.object({ code: z.string(), message: z.string(), advice: z.string().optional() }).nullable(),
  notes: z.string(),
  tags: z.array(z.string()),
  pinned: z.boolean(),
  archived: z.boolean(),
  folder: filePath,
})
export type Run = z.infer<typeof run>

/** Metrics by column, so that thousands of points are small on the wire. */
export const metricColumns = z.object({
  step: z.array(z.number()),
  epoch: z.array(z.number()),
  loss: z.array(z.number()),
  learningRate: z.array(z.number()),
  gradientNorm: z.array(z.number()),
  imagesPerSecond: z.array(z.number()),
  memory: z.array(z.number()),
})
export type MetricColumns = z.infer<typeof metricColumns>

export const checkpoint = z.object({
  step: count,
  epoch: z.number(),
  /** Loss of that step. */
  loss: z.number().nullable(),
  bytes: count,
  /** Reconstructions: file paths `reconstruction/<run>/<step>/<name>`, one PNG row for each fixed image:
   * original, smoothed target, prediction, error. Empty where none were written. */
  reconstructions: z.array(z.string()),
  savedAt: time,
})
export type Checkpoint = z.infer<typeof checkpoint>

export const estimate = z.object({
  parameters: count,
  /** Peak memory of training in bytes. */
  memoryBytes: z.number(),
  availableMemoryBytes: z.number(),
  stepsPerEpoch: count,
  totalSteps: count,
  /** Of the whole run; from earlier runs of the same model on this machine where there are any. */
  seconds: z.number(),
  basis: z.enum(['earlier-run', 'model-size']),
  /** Disk that all checkpoints will take. */
  diskBytes: z.number(),
  /** Null where unknown. */
  freeDiskBytes: z.number().nullable(),
  learningRate: z.number(),
  warnings: z.array(z.string()),
})
export type Estimate = z.infer<typeof estimate>

// ---- engines, settings, app --------------------------------------------------------------------------------

export const engine = z.object({
  /** Such as `onnxruntime-cpu`. */
  id: z.string(),
  title: z.string(),
  description: z.string(),
  available: z.boolean(),
  /** Why it is not available, or what it is not yet checked for. */
  reason: z.string().nullable(),
  selected: z.boolean(),
})
export type EngineInfo = z.infer<typeof engine>

export const appSettings = z.object({
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  notifications: z.boolean().default(true),
  /** Where runs are kept. */
  runsFolder: filePath,
  engine: z.string().default('onnxruntime-cpu'),
  /** Threads of the engine; 0 chooses. */
  threads: z.int().min(0).max(256).default(0),
  /** Threads that decode images; 0 chooses. */
  decoders: z.int().min(0).max(64).default(0),
})
export type AppSettings = z.infer<typeof appSettings>

export const appInfo = z.object({
  version: z.string(),
  host: z.enum(['electron', 'browser']),
  platform: z.string(),
  cores: count,
  memoryBytes: z.number(),
  homeFolder: filePath,
})
export type AppInfo = z.infer<typeof appInfo>

export const folderListing = z.object({
  /** Null above the allowed roots: then `folders` are the roots. */
  path: filePath.nullable(),
  parent: filePath.nullable(),
  folders: z.array(z.object({ name: z.string(), path: filePath })),
  /** Image files directly inside. */
  images: count,
})
export type FolderListing = z.infer<typeof folderListing>

// ---- calls and events --------------------------------------------------------------------------------------

const call = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output })
const nothing = z.void()

export const calls = {
  'app.info': call(nothing, appInfo),
  /** Opens the system's folder dialog. Null where the person cancels. Electron only. */
  'app.pickFolder': call(z.object({ title: z.string() }), filePath.nullable()),
  /** Folders below the allowed roots, for hosts without a folder dialog. */
  'app.listFolders': call(z.object({ path: filePath.nullable() }), folderListing),
  /** Shows a file or folder in the system's file manager. Electron only. */
  'app.reveal': call(z.object({ path: filePath }), nothing),

  'settings.get': call(nothing, appSettings),
  'settings.set': call(appSettings.partial(), appSettings),

  'engines.list': call(nothing, z.array(engine)),

  'datasets.list': call(nothing, z.array(dataset)),
  /** Adds a folder, or answers the data set that it already is, and scans it. */
  'datasets.add': call(z.object({ folder: filePath }), dataset),
  /** Adds the images that ship with the app. */
  'datasets.addSample': call(nothing, dataset),
  'datasets.rescan': call(z.object({ id }), dataset),
  'datasets.rename': call(z.object({ id, name: z.string().min(1).max(200) }), dataset),
  /** Forgets a data set. Its files stay as they are. */
  'datasets.remove': call(z.object({ id }), nothing),
  'datasets.images': call(
    z.object({ id, offset: count, limit: z.int().min(1).max(1000), class: z.string().optional() }),
    z.object({ total: count, images: z.array(datasetImage) }),
  ),
  'datasets.unreadable': call(z.object({ id }), z.array(z.object({ path: z.string(), reason: z.string() }))),

  'runs.list': call(nothing, z.array(run)),
  'runs.get': call(z.object({ id }), run),
  'runs.estimate': call(z.object({ dataset: id, hyperparameters: hyperparametersSchema }), estimate),
  'runs.start': call(
    z.object({ dataset: id, hyperparameters: hyperparametersSchema, name: z.string().max(200).optional() }),
    run,
  ),
  /** Finishes the step, saves, frees the memory. */
  'runs.pause': call(z.object({ id }), nothing),
  /** Finishes the step and saves. */
  'runs.stop': call(z.object({ id }), nothing),
  /** Goes on from the newest checkpoint, exactly. */
  'runs.resume': call(z.object({ id }), run),
  'runs.update': call(
    z.object({
      id,
      name: z.string().min(1).max(200).optional(),
      notes: z.string().max(100_000).optional(),
      tags: z.array(z.string().min(1).max(50)).max(50).optional(),
      pinned: z.boolean().optional(),
      archived: z.boolean().optional(),
    }),
    run,
  ),
  /** Moves the run's folder to the trash. */
  'runs.remove': call(z.object({ id }), nothing),
  /** At most `points` metrics, evenly chosen, the first and last among them; `after` a step where given. */
  'runs.metrics': call(
    z.object({ id, points: z.int().min(2).max(20_000), after: count.optional() }),
    metricColumns,
  ),
  'runs.checkpoints': call(z.object({ id }), z.array(checkpoint)),
  /** The last lines of the log. */
  'runs.log': call(z.object({ id }), z.string()),
  /** Writes a checkpoint's weights into `folder`; the newest checkpoint where no step is given. */
  'runs.export': call(
    z.object({ id, step: count.optional(), format: z.enum(['safetensors']), folder: filePath }),
    z.object({ path: filePath, bytes: count }),
  ),
} as const

export const events = {
  'datasets.changed': dataset,
  'datasets.removed': z.object({ id }),
  /** A run is new, or its status, progress or annotations changed. */
  'runs.changed': run,
  'runs.removed': z.object({ id }),
  /** New metrics of a run that is being trained, by this app or by another process. */
  'runs.metrics': z.object({ id, metrics: metricColumns }),
  /** A checkpoint (with its reconstructions) was written. */
  'runs.checkpoint': z.object({ id, checkpoint }),
  'runs.log': z.object({ id, text: z.string() }),
  /** The menu or the system asks the renderer to go somewhere: a route path. */
  'app.navigate': z.object({ path: z.string() }),
  /** A folder was dropped on the app's icon or opened with it. */
  'app.folderOpened': z.object({ folder: filePath }),
} as const

export type CallName = keyof typeof calls
export type CallInput<N extends CallName> = z.input<(typeof calls)[N]['input']>
export type CallOutput<N extends CallName> = z.output<(typeof calls)[N]['output']>
export type EventName = keyof typeof events
export type EventPayload<N extends EventName> = z.output<(typeof events)[N]>

/** The backend as the renderer sees it. */
export type Backend = { [N in CallName]: (input: CallInput<N>) => Promise<CallOutput<N>> }
/** The backend as it is implemented: inputs have been validated and completed. */
export type Handlers = {
  [N in CallName]: (input: z.output<(typeof calls)[N]['input']>) => Promise<CallOutput<N>>
}
/** What the backend can tell every renderer. */
export type Emit = <N extends EventName>(name: N, payload: EventPayload<N>) => void
