import type { Cluster } from '#shared/contract'
import { flagsOf } from './flags'
import { fromPreset, type Hyperparameters, type PresetName, settledBy } from './hyperparameters'

/** A word of a shell's command line, quoted if it must be. */
const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)

/** What a person orders in the form of a new run. */
export interface Order {
  folder: string
  preset: PresetName
  hyperparameters: Hyperparameters
  name?: string
  /** Starts from the weights of a checkpoint. */
  from?: { run: string; step?: number }
  cluster?: Cluster
}

/** The command that makes the same run: the preset, and flags for what differs from it. */
export function commandOf({ folder, preset, hyperparameters, name, from, cluster }: Order): string {
  const settled = settledBy(hyperparameters.objective)
  const start: Record<string, unknown> = fromPreset(preset)
  const changes = Object.entries(hyperparameters).filter(
    ([key, value]) => value !== start[key] && !(key in settled),
  )
  return [
    'saim',
    cluster ? 'cluster' : 'train',
    quoted(folder),
    `--preset ${preset}`,
    ...(name ? [`--name ${quoted(name)}`] : []),
    ...(from ? [`--from ${from.run}${from.step === undefined ? '' : `@${from.step}`}`] : []),
    ...(cluster ? [`--launcher ${cluster.launcher}`, `--workers ${cluster.workers}`] : []),
    ...(cluster?.address ? [`--address ${quoted(cluster.address)}`] : []),
    ...flagsOf(Object.fromEntries(changes)),
  ].join(' ')
}
