import { z } from 'zod'
import { presetNames } from '#shared/settings/hyperparameters'
import { call, count, filePath, nothing, unreadable } from './common'
import { automatic } from './engines'
import { hostPath, id, words } from './strings'

/** A starting point of a person's own: a preset with changes. */
export const ownPreset = z.object({
  name: words(60, 1),
  of: z.enum(presetNames),
  changes: z.record(words(100), z.union([z.number(), z.boolean(), words(100)])),
})
export type OwnPreset = z.infer<typeof ownPreset>

export const appSettings = z.object({
  theme: z.enum(['system', 'light', 'dark']),
  /** Of the rows of tables. */
  density: z.enum(['comfortable', 'compact']),
  /** Whether the system says when a run ends, fails or gets stuck. */
  notifications: z.boolean(),
  /** Whether the computer stays awake while something is trained or evaluated. */
  keepAwake: z.boolean(),
  /** Whether to check for updates at every start: the only request that leaves the machine by itself. */
  updates: z.boolean(),
  /** Where runs are kept. */
  runsFolder: filePath,
  /** The id of an engine, or `automatic`. */
  engine: words(100),
  /** Threads of the engine; 0 chooses. */
  threads: z.int().min(0).max(256),
  /** Threads that decode images; 0 chooses. */
  decoders: z.int().min(0).max(64),
  /** Megabytes of memory for decoded images; null chooses, and may use the disk too. */
  cache: z.int().min(0).max(1_000_000).nullable(),
  /** Whether the next run of the queue starts when one ends. */
  startNext: z.boolean(),
  /** Days after which runs leave the trash for good; null keeps them. */
  trashDays: z.int().min(1).max(3650).nullable(),
  /** Of the checkpoints of new runs every so many-th stays; 0 only the newest and the best. */
  keepEvery: z.int().min(0).max(1000),
  presets: z.array(ownPreset).max(100),
  /** What stands in the sidebar besides runs, which know it themselves. */
  pins: z.array(z.object({ kind: z.enum(['dataset', 'experiment']), id })).max(200),
})
export type AppSettings = z.infer<typeof appSettings>

/** Kept apart from the schema, so that a change of one setting says nothing of the others. */
export const defaultSettings: Omit<AppSettings, 'runsFolder'> = {
  theme: 'system',
  density: 'comfortable',
  notifications: true,
  keepAwake: true,
  updates: false,
  engine: automatic,
  threads: 0,
  decoders: 0,
  cache: null,
  startNext: true,
  trashDays: 30,
  keepEvery: 1,
  presets: [],
  pins: [],
}

export const appInfo = z.object({
  version: z.string(),
  host: z.enum(['electron', 'browser']),
  platform: z.string(),
  /** The name of the CPU. */
  processor: z.string(),
  cores: count,
  /** The GPU; null without one. */
  graphics: z.string().nullable(),
  memoryBytes: z.number(),
  homeFolder: filePath,
  /** Whether this build knows where new versions are published. */
  canUpdate: z.boolean(),
})
export type AppInfo = z.infer<typeof appInfo>

/** An NVIDIA GPU now, where its driver tells; what it does not tell is null. */
const gpu = z.object({
  name: z.string(),
  memoryBytes: z.number().nullable(),
  usedMemoryBytes: z.number().nullable(),
  /** The share of the last moments in which it computed. */
  busy: z.number().nullable(),
  /** Degrees Celsius. */
  temperature: z.number().nullable(),
})

export const machineLoad = z.object({
  /** The share of all cores that is busy. */
  cpu: z.number().min(0).max(1),
  memoryBytes: z.number(),
  usedMemoryBytes: z.number(),
  /** Of the disk that holds the runs; null where that cannot be told. */
  freeDiskBytes: z.number().nullable(),
  gpus: z.array(gpu),
})
export type MachineLoad = z.infer<typeof machineLoad>

/** What a person is asked for: a folder or a weights file. */
const picked = z.enum(['folder', 'weights'])
export type Picked = z.infer<typeof picked>

export const folderListing = z.object({
  /** Null above the allowed roots: then `folders` are the roots. */
  path: filePath.nullable(),
  parent: filePath.nullable(),
  folders: z.array(z.object({ name: z.string(), path: filePath })),
  /** Weights files directly inside. */
  weights: z.array(z.object({ name: z.string(), path: filePath })),
  /** Image files directly inside. */
  images: count,
})
export type FolderListing = z.infer<typeof folderListing>

export const appCalls = {
  'app.info': call(nothing, appInfo),
  'app.load': call(nothing, machineLoad),
  /** Opens the system's dialog. Null if the person cancels. Electron only. */
  'app.pick': call(z.object({ what: picked, title: words(200) }), filePath.nullable()),
  /** Folders below the allowed roots, for browsers, which have no folder dialog. */
  'app.listFolders': call(z.object({ path: hostPath.nullable() }), folderListing),
  /** Shows a file or folder in the system's file manager. Electron only. */
  'app.reveal': call(z.object({ path: hostPath }), nothing),
  'app.showLog': call(nothing, nothing),
  /** What the lists of these kinds leave out, and why; without any, all lists. */
  'app.unreadable': call(
    z.object({ kinds: z.array(unreadable.shape.kind).max(4).optional() }).optional(),
    z.array(unreadable),
  ),
  /** Looks for a new version and offers it. Electron only, where `canUpdate`. */
  'app.update': call(nothing, nothing),
  'settings.get': call(nothing, appSettings),
  'settings.set': call(appSettings.partial().extend({ runsFolder: hostPath.optional() }), appSettings),
} as const

export const appEvents = {
  /** The menu or the system asks the renderer to go to a page. */
  'app.navigate': z.object({ path: z.string() }),
  /** The menu asks for a command of shared/commands.ts. */
  'app.command': z.object({ id: z.string() }),
  /** A folder was dropped on the app's icon or opened with it. */
  'app.folderOpened': z.object({ folder: filePath }),
} as const
