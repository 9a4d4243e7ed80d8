import { count } from '#ui/format'
import { fileUrl } from '#ui/file-url'
import { saveFile } from '#ui/save-file'
import { type Panel, panels } from '#ui/pictures/panels'
import { type ComparedRow, useComparison } from './store'

const safe = (text: string) =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!)

/** Saves the comparison as one page that needs nothing else: charts as they are drawn, tables and reconstructions. */
export async function reportOf(): Promise<void> {
  const comparison = useComparison()
  const { chosen } = comparison
  const title = chosen.map(({ name }) => name).join(', ')
  const head = `<tr><th></th>${chosen.map(({ name }) => `<th>${safe(name)}</th>`).join('')}</tr>`
  const row = ({ title, values, marked }: ComparedRow) =>
    `<tr><th>${safe(title)}</th>${values.map((value, i) => `<td>${marked[i] ? `<b>${safe(value)}</b>` : safe(value)}</td>`).join('')}</tr>`
  const table = (rows: ComparedRow[]) => `<table>${head}${rows.map(row).join('')}</table>`
  const charts = [...document.querySelectorAll<HTMLCanvasElement>('.charts canvas')].map(
    (canvas) =>
      `<figure><figcaption>${safe(canvas.getAttribute('aria-label') ?? '')}</figcaption><img src="${canvas.toDataURL()}"></figure>`,
  )
  const rowOf = async (name: string, paths: (string | undefined)[], panel: Panel | null) => {
    const images = await Promise.all(paths.map((path) => (path ? panelUrl(fileUrl(path), panel) : '')))
    return `<tr><th>${safe(name)}</th>${images.map((url) => `<td>${url && `<img src="${url}">`}</td>`).join('')}</tr>`
  }
  const pictures = [
    await rowOf('Original', comparison.shared.map(comparison.originalOf), 'original'),
    ...(await Promise.all(
      chosen.map((run) => {
        const found = comparison.shared.map((path) => comparison.pictureOf(run, path))
        const panel = found.find((each) => each)?.panel ?? null
        return rowOf(
          run.name,
          found.map((each) => each?.path),
          panel,
        )
      }),
    )),
  ]
  saveFile(
    'comparison.html',
    'text/html',
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${safe(title)}</title>
<style>body{font:14px/20px system-ui;margin:32px;max-width:1100px}table{border-collapse:collapse}th,td{padding:4px 12px;text-align:right;border-bottom:1px solid #ddd}th:first-child{text-align:left}img{max-width:100%;image-rendering:pixelated}figure{margin:16px 0}</style>
<h1>${safe(title)}</h1>${charts.join('')}<h2>What differs</h2>${table(comparison.differing)}<h2>Results</h2>${table(comparison.results)}
${comparison.noLosses ? `<p>${safe(comparison.noLosses)}</p>` : ''}<h2>Reconstructions at step ${count(comparison.step)}</h2>
<table>${pictures.join('')}</table></html>`,
  )
}

/** A picture, or one of those in a file of reconstructions, as the text of an address. */
async function panelUrl(url: string, panel: Panel | null): Promise<string> {
  const image = new Image()
  image.src = url
  await image.decode()
  const canvas = document.createElement('canvas')
  const width = panel === null ? image.width : image.width / panels.length
  Object.assign(canvas, { width, height: image.height })
  canvas.getContext('2d')!.drawImage(image, -(panel ? panels.indexOf(panel) : 0) * width, 0)
  return canvas.toDataURL()
}
