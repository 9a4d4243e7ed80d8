import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import type { EngineInfo } from '#shared/contract'
import { AppError } from '#shared/errors'
import { fastestPrecision } from '#shared/fastest-precision'
import { bytes, number, rate } from '#shared/format'
import { builtAddon, compileForPackage } from '#engine/tensorflow/compile'
import { answers, lines, say, warn } from '#cli/support/answer'
import { openEngines } from '#cli/support/engines'

export const enginesCommand = answers(
  new Command('engines')
    .description('what can compute on this machine: each engine is tested with real training steps')
    .option('--again', 'also test what was tested before'),
  listEngines,
  (engines) => engines.map(wordsOf).join('\n\n'),
)
answers(
  enginesCommand
    .command('install')
    .description('install an engine that needs a download')
    .argument('<engine>', 'tensorflow or pytorch')
    .option('--gpu', 'with CUDA, for an NVIDIA GPU')
    .option('--yes', 'do not ask'),
  installEngine,
  (engine) => (engine ? wordsOf(engine) : 'Nothing was installed.'),
)
answers(
  enginesCommand
    .command('compile')
    .description('compile TensorFlow’s addon and kernels for a package; only a checkout can'),
  async () => {
    await compileForPackage(say)
    return { folders: [await builtAddon(false), await builtAddon(true)] }
  },
  ({ folders }) => `Compiled: ${folders.join(', ')}`,
)
answers(
  enginesCommand
    .command('remove')
    .description('remove it again')
    .argument('<engine>', 'tensorflow or pytorch'),
  removeEngine,
  ({ removed }) => `${removed} is removed.`,
)

/** `saim engines`: tries what has not been tried on this machine, or everything `again`. */
async function listEngines({ again }: { again?: boolean }): Promise<EngineInfo[]> {
  const { calls } = openEngines()
  const toTry = (await calls['engines.list']()).filter(
    ({ status }) => status === 'unproven' || (again && status !== 'absent'),
  )
  for (const { id } of toTry) await calls['engines.survey']({ id })
  return calls['engines.list']()
}

/** `saim engines install`: says what it will fetch, asks, installs and tries it. */
async function installEngine(
  id: string,
  { gpu = false, yes }: { gpu?: boolean; yes?: boolean },
): Promise<EngineInfo | null> {
  const { calls } = openEngines()
  const { what, downloadBytes, diskBytes } = await calls['engines.plan']({ id, gpu })
  warn(`This downloads ${what}.\nDownload about ${bytes(downloadBytes)}, on disk about ${bytes(diskBytes)}.`)
  if (!yes && !(await agreed())) return null
  const engines = await calls['engines.install']({ id, gpu })
  return engines.find((engine) => engine.id === id)!
}

/** `saim engines remove`. */
async function removeEngine(id: string): Promise<{ removed: string }> {
  await openEngines().calls['engines.remove']({ id })
  return { removed: id }
}

async function agreed(): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new AppError(
      'not-allowed',
      'There is no terminal to ask at.',
      'Add --yes to install without being asked.',
    )
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question('Continue? [y/N] ')
  terminal.close()
  return /^y(es)?$/i.test(answer.trim())
}

function wordsOf({ id, title, status, proof, problem, recommendation }: EngineInfo): string {
  const mark = recommendation ? (recommendation.recommended ? ', recommended' : ', not recommended') : ''
  return lines(
    `${id}: ${status}${proof?.software ? ', software' : ''}${mark}`,
    `  ${title}${proof ? ` on ${proof.device}` : ''}`,
    proof && proofWords(proof),
    problem && `  ${problem.message}${problem.advice ? `\n  ${problem.advice}` : ''}`,
    recommendation && `  ${recommendation.reason}`,
  )
}

function proofWords(proof: NonNullable<EngineInfo['proof']>): string {
  const { total, onCpu, names } = proof.operators ?? { total: 0, onCpu: 0, names: [] }
  return lines(
    `  ${rate(proof.imagesPerSecond)} images/s (preset nano), peak memory ${bytes(proof.memoryBytes)}`,
    `  from the reference: loss ${number(proof.lossDifference)}, gradients ${number(proof.gradientDifference)}`,
    ...proof.precisions
      .slice(1)
      .map(
        ({ precision, imagesPerSecond, lossDifference, gradientDifference }) =>
          `  with --precision ${precision}: ${rate(imagesPerSecond)} images/s; loss differs by ${number(lossDifference)}, gradients by ${number(gradientDifference)}`,
      ),
    proof.precisions.length > 1 && `  new runs compute in ${fastestPrecision(proof).why ?? 'float32'}`,
    proof.operators &&
      `  ${onCpu} of ${total} operators left to the CPU${onCpu ? `: ${names.join(', ')}` : ''}`,
  )
}
