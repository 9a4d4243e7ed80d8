import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import type { EngineInfo } from '#shared/contract'
import { AppError } from '#shared/errors'
import { fastestPrecision } from '#shared/fastest-precision'
import { bytes, number, rate } from '#shared/format'
import { compileForPackage } from '#engine/tensorflow/compile'
import { openEngines } from './support/engines'

export const enginesCommand = new Command('engines')
  .description('what can compute on this machine: each engine is tested with real training steps')
  .option('--again', 'also test what was tested before')
  .action(listEngines)
enginesCommand
  .command('install')
  .description('install an engine that needs a download')
  .argument('<engine>', 'tensorflow or pytorch')
  .option('--gpu', 'with CUDA, for an NVIDIA GPU')
  .option('--yes', 'do not ask')
  .action(installEngine)
enginesCommand
  .command('compile')
  .description('compile TensorFlow’s addon and kernels for a package; only a checkout can')
  .action(() => compileForPackage(console.log))
enginesCommand
  .command('remove')
  .description('remove it again')
  .argument('<engine>', 'tensorflow or pytorch')
  .action(removeEngine)

/** `saim engines`: tries what has not been tried on this machine, or everything `again`, and prints what came of it. */
async function listEngines({ again }: { again?: boolean }): Promise<void> {
  const { calls } = openEngines()
  const toTry = (await calls['engines.list']()).filter(
    ({ status }) => status === 'unproven' || (again && status !== 'absent'),
  )
  for (const { id } of toTry) await calls['engines.survey']({ id })
  for (const engine of await calls['engines.list']()) print(engine)
}

/** `saim engines install`: says what it will fetch, asks, installs and tries it. */
async function installEngine(
  id: string,
  { gpu = false, yes }: { gpu?: boolean; yes?: boolean },
): Promise<void> {
  const { calls } = openEngines()
  const { what, downloadBytes, diskBytes } = await calls['engines.plan']({ id, gpu })
  console.log(
    `This downloads ${what}.\nDownload about ${bytes(downloadBytes)}, on disk about ${bytes(diskBytes)}.`,
  )
  if (!yes && !(await agreed())) return
  const engines = await calls['engines.install']({ id, gpu })
  print(engines.find((engine) => engine.id === id)!)
}

/** `saim engines remove`. */
async function removeEngine(id: string): Promise<void> {
  await openEngines().calls['engines.remove']({ id })
  console.log(`${id} is removed.`)
}

async function agreed(): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new AppError(
      'not-allowed',
      'There is no terminal to ask at.',
      'Add --yes to install without being asked.',
    )
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await terminal.question('Continue? [y/N] ')
  terminal.close()
  return /^y(es)?$/i.test(answer.trim())
}

function print({ id, title, status, proof, problem, recommendation }: EngineInfo): void {
  const mark = recommendation ? (recommendation.recommended ? ', recommended' : ', not recommended') : ''
  console.log(`\n${id}: ${status}${proof?.software ? ', software' : ''}${mark}`)
  console.log(`  ${title}${proof ? ` on ${proof.device}` : ''}`)
  if (proof) {
    console.log(
      `  ${rate(proof.imagesPerSecond)} images/s (preset nano), peak memory ${bytes(proof.memoryBytes)}`,
    )
    console.log(
      `  from the reference: loss ${number(proof.lossDifference)}, gradients ${number(proof.gradientDifference)}`,
    )
    for (const { precision, imagesPerSecond, lossDifference, gradientDifference } of proof.precisions.slice(
      1,
    ))
      console.log(
        `  with --precision ${precision}: ${rate(imagesPerSecond)} images/s; loss differs by ${number(lossDifference)}, gradients by ${number(gradientDifference)}`,
      )
    if (proof.precisions.length > 1)
      console.log(`  new runs compute in ${fastestPrecision(proof).why ?? 'float32'}`)
    if (proof.operators) {
      const { total, onCpu, names } = proof.operators
      const which = onCpu ? `: ${names.join(', ')}` : ''
      console.log(`  ${onCpu} of ${total} operators left to the CPU${which}`)
    }
  }
  if (problem) console.log(`  ${problem.message}${problem.advice ? `\n  ${problem.advice}` : ''}`)
  if (recommendation) console.log(`  ${recommendation.reason}`)
}
