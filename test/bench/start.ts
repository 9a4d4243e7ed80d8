/**
 * Time from the start of the packaged application to a window that can be used, and its memory at rest:
 *   npm run bench -- start [times] [folder of the packaged application]
 * Without a folder it packages first. Memory is what its processes hold, pages that they share counted in part (PSS on Linux).
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { electronPath, openPackaged } from '#test/helpers/hosts'
import { median } from './median'

/** Seconds at rest before memory is read. */
const rest = 10

/** Bytes that the process whose environment names `home` and its descendants hold. */
function memoryOf(home: string): number {
  const read = (pid: string, file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8')
    } catch {
      return '' // no process, or ended, or of someone else
    }
  }
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const family = new Set(pids.filter((pid) => read(pid, 'environ').includes(`SAIM_HOME=${home}`)))
  const parentOf = (pid: string) => /^PPid:\s+(\d+)/m.exec(read(pid, 'status'))?.[1] ?? ''
  for (let size = 0; size < family.size;) {
    size = family.size
    for (const pid of pids) if (family.has(parentOf(pid))) family.add(pid)
  }
  const kilobytes = [...family].map((pid) =>
    Number(/^Pss: +(\d+)/m.exec(read(pid, 'smaps_rollup'))?.[1] ?? 0),
  )
  return 1024 * kilobytes.reduce((a, b) => a + b, 0)
}

async function main(times: number, given?: string) {
  if (!given)
    execFileSync('node', ['build/package/package.mjs', '--dir'], {
      env: { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: path.dirname(electronPath()!) },
      stdio: 'ignore',
    })
  const folder = path.resolve(given ?? 'dist/linux-unpacked')
  const [seconds, megabytes]: number[][] = [[], []]
  for (let i = 0; i <= times; i++) {
    const home = mkdtempSync(path.join(tmpdir(), 'saim-start-'))
    const begin = performance.now()
    const { page, close } = await openPackaged(folder, home)
    await page.getByRole('heading', { level: 1 }).waitFor()
    seconds!.push((performance.now() - begin) / 1000)
    await page.waitForTimeout(1000 * rest)
    megabytes!.push(memoryOf(home) / 1e6)
    await close()
    rmSync(home, { recursive: true, force: true })
  }
  const [first, ...later] = seconds!
  console.log(
    `Usable window: ${first!.toFixed(2)} s the first time, then median ${median(later).toFixed(2)} s of ${later.map((s) => s.toFixed(2)).join(', ')}`,
  )
  console.log(`At rest after ${rest} s: median ${median(megabytes!).toFixed(0)} MB`)
}

const [times = '5', folder] = process.argv.slice(2)
void main(Number(times), folder)
