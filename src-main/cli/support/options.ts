import { Option } from 'commander'
import { runsFolder } from '#platform/paths'

/** Flags that several commands have. */

export const runsOption = () =>
  new Option('--runs <folder>', 'where runs are kept').default(runsFolder(), 'the folder of the application')

export const engineOption = () => new Option('--engine <id>', 'what computes').default('onnxruntime-cpu')

export const threadsOption = () =>
  new Option('--threads <n>', 'threads of the engine; 0 chooses').default(0).argParser(Number)

export const decodersOption = () =>
  new Option('--decoders <n>', 'threads that decode images; 0 chooses').default(0).argParser(Number)

export const stepOption = () =>
  new Option('--step <n>', 'the checkpoint; without it, the newest').argParser(Number)

/** What the argument <run> of a command may be. */
export const runArgument = 'a run: its id or the beginning of it, its name or its folder'
