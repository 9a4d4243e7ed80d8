import { type ExportFormat, exportFormats, type Metric, type ProofCheck } from '../../src-shared/contract'
import { allSettings, type Objective } from '../../src-shared/hyperparameters'
import { appVersion } from '../../src-shared/version'
import { columnsOf, thin } from '../services/metrics'
import type { CheckpointState } from '../training/checkpoint'
import type { RunFile } from '../training/run-folder'

interface Card {
  run: RunFile
  state: CheckpointState
  format: ExportFormat
  licence: string
  checks: ProofCheck[]
  metrics: Metric[]
}

/** The model card: what it is, from which images and settings, how well it was written, how to use it. Markdown. */
export function modelCard({ run, state, format, licence, checks, metrics }: Card): string {
  const h = run.hyperparameters
  const settings = allSettings.map(({ title, name, unit }) => {
    const value = h[name]
    return `| ${title} | ${typeof value === 'boolean' ? (value ? 'on' : 'off') : `${value}${unit ? ` ${unit}` : ''}`} |`
  })
  const last = metrics.at(-1)
  return `---
license: ${licence}
library_name: ${libraries[format]}
pipeline_tag: image-feature-extraction
tags:
  - ${h.objective}
  - self-supervised
  - vit
---

# ${run.name}

A vision transformer (ViT), pre-trained without labels by ${methods[h.objective]}, with
SAIM Studio ${appVersion}. ${exportFormats[format].title}: ${exportFormats[format].purpose}

|                   |                                                                                |
| ----------------- | ------------------------------------------------------------------------------ |
| Model             | ${h.depth} blocks of width ${h.width}, ${h.heads} heads, patches of ${h.patchSize} × ${h.patchSize} px |
| Input             | RGB, ${h.imageSize} × ${h.imageSize} px, 0 to 1, less mean ${run.statistics.mean.join(', ')}, over deviation ${run.statistics.deviation.join(', ')} |
| Images            | ${run.dataset.images} of “${run.dataset.name}”, no labels used |
| Checkpoint        | step ${state.step} of ${run.totalSteps || state.step}, epoch ${state.epoch.toFixed(1)}${state.loss === null ? '' : `, loss ${state.loss.toFixed(4)}`} |
| Licence           | ${licence === unknownLicence ? 'not stated' : licence} |

## Features

- \`class_token\` [batch, ${h.width}] and \`patches\` [batch, ${(h.imageSize / h.patchSize) ** 2}, ${h.width}]: the tokens after the last block, no LayerNorm after it.
- \`pooled\` [batch, ${h.width}]: the mean of the patches. ${h.objective === 'mae' ? 'It is' : 'The class token is not trained to see the image: `pooled` is'} what to use
  where nothing is fine-tuned.
${notes[format] ?? ''}
## Use

See \`${format === 'tfjs' ? 'index.html' : 'example.py'}\`: it ${format === 'tfjs' ? 'shows the features of an image in the browser' : 'prints the features of an image'}.

## Proof

The files were read back after they were written, and their features compared with those of the run's checkpoint:

| Read by | Images | Largest difference |
| ------- | ------ | ------------------ |
${checks.map(checkRow).join('\n')}

## Training

${metrics.length ? '![Loss](loss.svg)\n' : ''}
${last ? `Loss ${metrics[0]!.loss.toFixed(4)} at step ${metrics[0]!.step}, ${last.loss.toFixed(4)} at step ${last.step}.` : 'The weights come from elsewhere; this run has not trained them.'}

| Setting | Value |
| ------- | ----- |
${settings.join('\n')}
`
}

const methods: Record<Objective, string> = {
  saim: 'SAIM, stochastic autoregressive image modeling',
  mae: 'MAE, a masked autoencoder',
  igpt: 'ViT-iGPT, autoregression of patches row by row',
}

export const unknownLicence = 'unknown'

const libraries: Record<ExportFormat, string> = {
  safetensors: 'pytorch',
  pytorch: 'pytorch',
  timm: 'timm',
  huggingface: 'transformers',
  onnx: 'onnx',
  tfjs: 'tfjs',
}

const notes: Partial<Record<ExportFormat, string>> = {
  huggingface: `- In transformers these tokens are \`hidden_states[-1]\`. \`last_hidden_state\` is the same after a LayerNorm that
  only normalises (weight 1, bias 0), because ViTModel always has one.
`,
  timm: `- The last LayerNorm of timm's model is turned off (\`final_norm: false\`), and it pools by the mean of the patches.
`,
}

const checkRow = ({ library, images, difference, reason }: ProofCheck) =>
  `| ${library} | ${difference === null ? '–' : images} | ${difference === null ? `not compared: ${reason}` : difference.toExponential(1)} |`

/** The loss of each step as a picture. */
export function lossCurve(metrics: Metric[]): string {
  const [width, height, margin] = [640, 240, 44]
  const { step: steps, loss: losses } = thin(columnsOf(metrics), 400)
  const [low, high] = [Math.min(...losses), Math.max(...losses)]
  const last = metrics.at(-1)!.step
  const x = (step: number) => margin + ((width - margin - 8) * step) / Math.max(last, 1)
  const y = (loss: number) => 12 + ((height - margin) * (high - loss)) / (high - low || 1)
  const points = steps.map((step, i) => `${x(step).toFixed(1)},${y(losses[i]!).toFixed(1)}`).join(' ')
  const label = (text: string, at: [number, number], anchor: string) =>
    `<text x="${at[0]}" y="${at[1]}" text-anchor="${anchor}">${text}</text>`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#555">
<rect width="${width}" height="${height}" fill="#fff"/>
<path d="M${margin} 12V${y(low)}H${width - 8}" fill="none" stroke="#bbb"/>
<polyline points="${points}" fill="none" stroke="#3b62d9" stroke-width="1.5"/>
${label(high.toFixed(3), [margin - 5, 18], 'end')}
${label(low.toFixed(3), [margin - 5, y(low)], 'end')}
${label('step 0', [margin, height - 10], 'start')}
${label(`step ${last}`, [width - 8, height - 10], 'end')}
</svg>
`
}
