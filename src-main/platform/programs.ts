import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import path from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { childEnvironment } from './environment'
import { neutralFolder } from './paths'

type ProgramOptions = Omit<SpawnOptions, 'cwd' | 'env'> & { env?: Record<string, string> }

/**
 * Starts a program of others, which ends when this process ends. It starts in a folder of the application: Python, and on
 * Windows every search for a program, takes what lies in the folder that they are started in, and those may be a stranger's
 * images. So a `program` that names a folder is meant from here, and paths among the parameters must be absolute.
 */
export function startProgram(
  program: string,
  parameters: string[],
  { env = {}, ...options }: ProgramOptions = {},
): ChildProcess {
  const named = path.basename(program) === program ? program : path.resolve(program)
  const child = spawn(named, parameters, { ...options, cwd: neutralFolder(), env: childEnvironment(env) })
  const end = () => void child.kill()
  process.on('exit', end)
  child.once('exit', () => process.off('exit', end))
  return child
}

/** What a program, started with pipes, prints until it ends. Rejects where there is no such program. */
export async function outputOf(
  child: ChildProcess,
): Promise<{ code: number | null; output: Buffer; errors: string }> {
  const code = new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  )
  const [output, errors] = [buffer(child.stdout!), text(child.stderr!)]
  return { code: await code, output: await output, errors: await errors }
}
