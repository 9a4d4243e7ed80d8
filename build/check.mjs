/** `npm run check`: types, rules, format, layers and unused code, two at a time; of each that finds something, what it says. */
import { spawn } from 'node:child_process'

const windows = process.platform === 'win32'
/** Scripts of package.json; what takes longest comes first. */
const waiting = ['types', 'lint', 'format', 'layers', 'unused']

/** Runs a script and answers whether it found nothing. */
function passes(script) {
  const child = spawn('npm', ['run', '--silent', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: windows,
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  return new Promise((resolve) =>
    child.on('close', (code) => {
      if (code !== 0) console.error(`npm run ${script}\n${said}`)
      resolve(code === 0)
    }),
  )
}

async function lane() {
  let isClean = true
  for (let script = waiting.shift(); script; script = waiting.shift())
    isClean = (await passes(script)) && isClean
  return isClean
}

if (!(await Promise.all([lane(), lane()])).every(Boolean)) process.exit(1)
