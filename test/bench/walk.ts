/**
 * `npm run bench -- walk`: a newcomer's walk. What is committed is cloned into an empty folder, and the commands of its
 * README are carried out there in their order, with no packages, no settings and no runs of before. Prints how long each
 * took until it was done or, of the application, until a person can click.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { chromium } from 'playwright-core'
import { chromiumPath, said } from '#test/helpers/hosts'
import { timed } from '#test/helpers/timed'

const place = mkdtempSync(path.join(tmpdir(), 'saim-walk-'))
const checkout = path.join(place, 'saim-studio')
const pictures = path.join(place, 'Pictures')
// Without a display the application is served to a browser, which is what can be clicked here.
const env = {
  ...process.env,
  HOME: place,
  SAIM_HOME: path.join(place, 'home'),
  DISPLAY: '',
  WAYLAND_DISPLAY: '',
}

async function main(): Promise<void> {
  execute('git', ['clone', '--quiet', process.cwd(), checkout], place)
  cpSync('resources/sample-images', path.join(pictures, 'birds'), { recursive: true })
  const readme = readFileSync(path.join(checkout, 'README.md'), 'utf8')
  const commands = [...readme.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block]) => block!.split('\n'))
  /** A command of the README, without its remark. */
  const command = (beginning: string) => {
    const found = commands.find((line) => line.startsWith(beginning))
    if (!found) throw new Error(`The README does not say ${beginning}`)
    return found.replace(/ +#.*/, '')
  }

  await timed('altogether', async () => {
    const start = command('npm start')
    await timed(start, () => open(start))
    await timed(start, () => open(start))
    for (const beginning of ['npm run train ', 'npm run train -- ~', 'npm run saim -- runs'])
      await shell(command(beginning))
    const runs = execute('npm', ['run', '-s', 'saim', '--', 'runs'], checkout)
    const run = /[\w-]+-\d{8}-\d{6}-\w+/.exec(runs)![0]
    for (const beginning of ['npm run saim -- knn', 'npm run saim -- export'])
      await shell(command(beginning).replace('<run>', run))
  })
}

/** Until the first page can be clicked. */
async function open(line: string): Promise<void> {
  const application = spawn('bash', ['-c', `exec ${line}`], {
    cwd: checkout,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  const browser = await chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox'] })
  const page = await browser.newPage()
  page.setDefaultTimeout(0) // a busy machine is measured too
  await page.goto(await said(application, /http:\S+/))
  await page.getByRole('button', { name: 'Use sample images' }).click({ trial: true })
  await browser.close()
  await end(application)
}

const shell = (line: string) => timed(line, () => execute('bash', ['-c', line], checkout))

function execute(program: string, parameters: string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(program, parameters, { cwd, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${parameters.join(' ')} failed.\n${stdout}\n${stderr}`)
  return stdout
}

/** Ends npm with all that it started. */
async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  process.kill(-child.pid!, 'SIGINT')
  await ended
}

if (chromiumPath && existsSync('.git')) void main().finally(() => rmSync(place, { recursive: true }))
else console.log('A checkout and Chromium are needed to walk.')
