import { mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Handlers, Run } from '../../src-shared/contract'
import { AppError } from '../../src-shared/errors'
import { checkpointSteps, readCheckpointFile } from '../training/checkpoint'

interface ExportsOptions {
  run: (id: string) => Promise<Run>
}

/** What is taken out of runs. */
export class Exports {
  constructor(private readonly options: ExportsOptions) {}

  readonly calls: Pick<Handlers, 'exports.create'> = {
    'exports.create': async ({ id, step, folder }) => {
      const run = await this.options.run(id)
      const steps = await checkpointSteps(run.folder)
      const chosen = step ?? steps.at(-1)
      if (chosen === undefined || !steps.includes(chosen))
        throw new AppError(
          'checkpoint-missing',
          `${run.name} has no such checkpoint.`,
          'Train it until it saves one.',
        )
      const weights = await readCheckpointFile(run.folder, chosen, 'weights.safetensors')
      const target = await freeName(folder, `${fileName(run.name)}-${chosen}`, '.safetensors')
      await writeFile(target, weights, { flag: 'wx' })
      return { path: target, bytes: weights.length }
    },
  }
}

/** A name as a file can have it. */
export const fileName = (name: string) => name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'run'

/** A path in `folder` that is not taken: name, name-2, name-3 ... */
export async function freeName(folder: string, name: string, extension: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const taken = new Set(await readdir(folder))
  for (let n = 1; ; n++) {
    const candidate = `${name}${n > 1 ? `-${n}` : ''}${extension}`
    if (!taken.has(candidate)) return path.join(folder, candidate)
  }
}
