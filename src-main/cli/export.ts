import path from 'node:path'
import type { ExportFormat } from '#shared/contract'
import { exportWeights } from '#jobs/transfer/export/export'
import { findRun } from '#storage/run/find'

interface ExportOptions {
  format: ExportFormat
  step?: number
  evaluation?: string
  out: string
  licence?: string
  runs: string
}

/** `saim export`: writes weights in a format, proves it and says how well it did. */
export async function exportRun(run: string, { out, runs, ...order }: ExportOptions): Promise<void> {
  const result = await exportWeights(
    { ...order, run: await findRun(run, runs), folder: path.resolve(out) },
    (text) => console.log(`${text} ...`),
  )
  console.log(`Compared on images of ${result.images}:`)
  for (const { library, images, difference, reason } of result.checks)
    console.log(
      difference === null
        ? `${library}: not compared, ${reason}`
        : `${library}: largest difference ${difference.toExponential(1)} on ${images} images`,
    )
  console.log(`Written: ${result.folder}`)
}
