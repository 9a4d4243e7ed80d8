import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { chromium } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, expect, it } from 'vitest'
import { sampleImagesFolder } from '#platform/paths'
import { chromiumPath } from '#test/helpers/hosts'
import { flags, saim, smallModel, temporaryFolder } from '#test/helpers/runs'

const home = temporaryFolder()
const pictures = temporaryFolder()
let served = ''
const server = createServer((request, response) => {
  try {
    const name = request.url === '/' ? 'index.html' : request.url!
    if (name.endsWith('.html')) response.setHeader('content-type', 'text/html')
    response.end(readFileSync(path.join(served, name)))
  } catch {
    response.writeHead(404).end()
  }
})
afterAll(() => server.close())

/** What the page loads from elsewhere, of this checkout: core, the backend for the CPU, reader of models. */
const tensorflow = [
  'tfjs-core/dist/tf-core',
  'tfjs-backend-cpu/dist/tf-backend-cpu',
  'tfjs-converter/dist/tf-converter',
]
  .map((file) => readFileSync(`node_modules/@tensorflow/${file}.min.js`, 'utf8'))
  .join('\n')

it.runIf(chromiumPath !== undefined)(
  'the page of a TensorFlow.js export says how alike two images are, as the application does',
  async () => {
    const { output } = await saim(['train', ...flags({ ...smallModel, epochs: 1, 'batch-size': 64 })], home)
    const run = /Run folder: (.*)/.exec(output)![1]!
    const { output: said } = await saim(['export', run, '--format', 'tfjs', '--out', home], home)
    served = /Written: (.*)/.exec(said)![1]!
    // As large as the model sees them, so that nobody scales them.
    const files = ['animals/ant.png', 'vehicles/ambulance.png'].map((name) => ({
      from: path.join(sampleImagesFolder(), name),
      to: path.join(pictures, path.basename(name)),
    }))
    for (const { from, to } of files)
      await sharp(from).flatten({ background: 'white' }).resize(16).png().toFile(to)
    const embedded = path.join(home, 'embedded')
    await saim(['embed', run, pictures, '--format', 'csv', '--out', embedded], home)
    const [head, ...rows] = readFileSync(path.join(embedded, 'embeddings.csv'), 'utf8').trim().split('\n')
    const columns = head!.split(',')
    const [a, b] = rows.map((row) =>
      row.split(',').flatMap((value, i) => (columns[i]!.startsWith('mean_') ? [Number(value)] : [])),
    ) as [number[], number[]]
    const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * y[i]!, 0)
    const likeness = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))

    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const browser = await chromium.launch({
      executablePath: chromiumPath!,
      args: ['--no-sandbox', '--disable-gpu'],
    })
    try {
      const page = await browser.newPage()
      await page.route('https://cdn.jsdelivr.net/**', (route) =>
        route.fulfill({ contentType: 'text/javascript', body: tensorflow }),
      )
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      await page.getByText('Ready.').waitFor()
      await page.getByLabel('Choose two images:').setInputFiles(files.map(({ to }) => to))
      const answer = page.getByText(/^Likeness/)
      await answer.waitFor()
      const shown = Number(/(-?[\d.]+)$/.exec((await answer.textContent())!)![1])
      console.log(`the likeness of two images: ${shown} in the browser, ${likeness.toFixed(5)} here`)
      expect(Math.abs(shown - likeness)).toBeLessThan(6e-4) // it shows three digits
      expect(likeness).toBeLessThan(0.999)
    } finally {
      await browser.close()
    }
  },
)
