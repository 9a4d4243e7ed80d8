/**
 * Seconds from saving a changed label until a page of `npm run dev` shows it: `npm run bench -- label [times]`. The file is put back.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { chromium } from 'playwright-core'
import { chromiumPath, said } from '#test/helpers/hosts'
import { timed } from '#test/helpers/timed'
import { median } from './median'

const file = 'src-renderer/features/home/WelcomeView.vue'
const source = readFileSync(file, 'utf8')
const heading = '<h1 class="display">Teach a vision model with your own pictures</h1>'
if (!source.includes(heading)) throw new Error(`${file} has no ${heading} any more.`)
const home = mkdtempSync(path.join(tmpdir(), 'saim-label-'))

async function main(times: number): Promise<void> {
  const dev = spawn('node', ['build/dev/app.mjs', '--root', home], {
    // Where this was bundled it was for production.
    env: { ...process.env, NODE_ENV: 'development', SAIM_HOME: home, DISPLAY: '', WAYLAND_DISPLAY: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => dev.on('exit', resolve))
  const browser = await chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox'] })
  try {
    const url = await timed('npm run dev, until it says its address', () => said(dev, /http:\S+(?=\.)/))
    const page = await browser.newPage()
    page.setDefaultTimeout(120_000)
    await timed('the first page', async () => {
      await page.goto(url)
      await page.getByRole('button', { name: 'Use sample images' }).waitFor()
    })
    const seconds: number[] = []
    for (let i = 1; i <= times; i++) {
      const begin = performance.now()
      writeFileSync(file, source.replace(heading, `<h1 class="display">Changed label ${i}</h1>`))
      await page.getByRole('heading', { name: `Changed label ${i}` }).waitFor()
      seconds.push((performance.now() - begin) / 1000)
    }
    console.log(
      `From saving a changed label to seeing it: median ${median(seconds).toFixed(2)} s of ${seconds.map((s) => s.toFixed(2)).join(', ')}`,
    )
  } finally {
    writeFileSync(file, source)
    await browser.close()
    dev.kill('SIGINT')
    await ended
    rmSync(home, { recursive: true, force: true })
  }
}

void main(Number(process.argv[2] ?? 5))
