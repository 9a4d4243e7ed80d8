import {
  type ClassifierKind,
  type ExportFormat,
  exportFormats,
  type Metric,
  type ProofCheck,
} from '#shared/contract'
import { accuracy, number } from '#shared/format'
import { objectives } from '#shared/settings/objectives'
import { evaluationKinds } from '#shared/settings/evaluation'
import { allSettings, type Hyperparameters } from '#shared/settings/hyperparameters'
import { appVersion } from '#shared/version'
import type { Manifest } from '#images/manifest'
import { bucketed, columnsOf } from '#storage/run/metric-columns'
import { type Curve, curvePicture } from './curve'
import type { Files } from './formats'
import type { Learned, Provenance } from './provenance'

interface Card {
  provenance: Provenance
  format: ExportFormat
  licence: string
  checks: ProofCheck[]
  /** Whose images they were made on. */
  images: string
}

/** The model card in Markdown: the model, its images and settings, the proof that the files are right, how to use it. */
export function modelCard({ provenance, format, licence, checks, images }: Card): string {
  const { run, source, metrics, step, dataset, learned } = provenance
  const { h, model, statistics } = source
  const example = format === 'tfjs' ? 'index.html' : 'example.py'
  const trained =
    step === null ? 'not pre-trained' : `pre-trained without labels by ${objectives[h.objective].method}`
  return `---
${licenceLines(licence)}
library_name: ${libraries[format]}
pipeline_tag: ${learned ? 'image-classification' : 'image-feature-extraction'}
tags:
  - ${h.objective}
  - self-supervised
  - vit
---

# ${run.name}

A vision transformer (ViT), ${trained}${learned ? ways[learned.kind].then : ''}, with
SAIM Studio ${appVersion}. ${exportFormats[format].title}: ${exportFormats[format].purpose}

|                   |                                                                                |
| ----------------- | ------------------------------------------------------------------------------ |
| Model             | ${h.depth} blocks of width ${h.width}, ${h.heads} heads, patches of ${h.patchSize} × ${h.patchSize} px |
| Input             | RGB, ${model.imageSize} × ${model.imageSize} px, 0 to 1, less mean ${statistics.mean.join(', ')}, over deviation ${statistics.deviation.join(', ')} |
| Pre-training      | ${step === null ? 'none: random weights' : pretraining(provenance)} |
${learned ? `| ${ways[learned.kind].title.padEnd(17)} | ${learned.train} images of “${dataset.name}” in ${source.classes!.length} classes |\n` : ''}| Images            | ${imageSummary(dataset.images)} |
| Licence           | ${licence === unknownLicence ? 'not stated' : licence} |

${learned ? classifierOutputs(learned, source.classes!) : encoderOutputs(h, format)}
## Use

See \`${example}\`: it ${uses[format] ?? 'prints the features of an image'}.

## Proof

After writing, the files were read back and their ${learned ? 'outputs' : 'features'} compared with those of the ${learned ? 'classifier' : "run's checkpoint"},
on images of ${images}:

| Read by | Images | Largest difference |
| ------- | ------ | ------------------ |
${checks.map(checkRow).join('\n')}
${learned ? learnedSection(learned) : ''}
## Pre-training

${preTrainingCurves(metrics)}

${settingsTable(allSettings, h)}
`
}

export const unknownLicence = 'unknown'

/** Where the licence is no identifier it is a name, in quotes, so that it cannot be read as anything else. */
const licenceLines = (licence: string) =>
  /^[a-z0-9][a-z0-9.+-]*$/.test(licence)
    ? `license: ${licence}`
    : `license: other\nlicense_name: ${JSON.stringify(licence)}`

const libraries: Record<ExportFormat, string> = {
  safetensors: 'pytorch',
  pytorch: 'pytorch',
  timm: 'timm',
  huggingface: 'transformers',
  onnx: 'onnx',
  classifier: 'onnx',
  tfjs: 'tfjs',
}

const uses: Partial<Record<ExportFormat, string>> = {
  classifier: 'classifies an image',
  tfjs: 'shows in the browser how similar two images are',
}

function pretraining({ run, step, metrics }: Provenance): string {
  const last = metrics.at(-1)
  const { images, validation, name } = run.dataset
  const held = validation ? `, ${validation} more for validation` : ''
  return `${images} images of “${name}”${held}, no labels used; step ${step} of ${run.totalSteps || step}${last ? `, epoch ${last.epoch.toFixed(1)}` : ''}`
}

/** How many images there are, how large, and in which folders. */
function imageSummary(images: Manifest): string {
  let [smallest, largest] = [Infinity, 0]
  for (let i = 0; i < images.length; i++) {
    const { width, height } = images.at(i)
    const side = Math.min(width, height)
    ;[smallest, largest] = [Math.min(smallest, side), Math.max(largest, side)]
  }
  const sides = smallest === largest ? `${smallest}` : `${smallest} to ${largest}`
  const { classes } = images
  const folders = classes.length
    ? `, in ${classes.length} folders: ${classes.slice(0, 12).join(', ')}${classes.length > 12 ? ' …' : ''}`
    : ''
  return `${images.length} in all, shorter side ${sides} px${folders}`
}

function encoderOutputs(h: Hyperparameters, format: ExportFormat): string {
  return `## Features

- \`class_token\` [batch, ${h.width}] and \`patches\` [batch, ${(h.imageSize / h.patchSize) ** 2}, ${h.width}]: the tokens after the last block, no LayerNorm after it.
- \`pooled\` [batch, ${h.width}]: the mean of the patches. ${objectives[h.objective].trainsClassToken ? 'It is' : 'The class token is not trained to see the image: `pooled` is'} what to use
  where nothing is fine-tuned.
${notes[format] ?? ''}`
}

const notes: Partial<Record<ExportFormat, string>> = {
  huggingface: `- In transformers these tokens are \`hidden_states[-1]\`. \`last_hidden_state\` is the same after a LayerNorm that
  only normalises (weight 1, bias 0), because ViTModel always has one.
`,
  timm: `- The last LayerNorm of timm's model is turned off (\`final_norm: false\`), and it pools by the mean of the patches.
`,
}

function classifierOutputs({ score }: Learned, classes: string[]): string {
  const found = score
    ? `Accuracy on ${score.images} validation images: ${accuracy(score.top1)}; balanced accuracy ${accuracy(score.balanced)}.`
    : 'It has not been evaluated on validation images.'
  const rows = score?.perClass.map(
    ({ name, images, accuracy: share }) => `| ${name} | ${images} | ${accuracy(share)} |`,
  )
  return `## Outputs

\`logits\` [batch, ${classes.length}] and their softmax, \`probabilities\` [batch, ${classes.length}]. The names of the classes are in the
file itself (metadata \`classes\`, a JSON list in the order of the outputs) and in saim.json.

${found}
${rows ? `\n| Class | Validation images | Accuracy |\n| ----- | --------------- | -------- |\n${rows.join('\n')}\n` : ''}`
}

function preTrainingCurves(metrics: Metric[]): string {
  const [first, last] = [metrics[0], metrics.at(-1)]
  if (!first || !last) return 'The weights were imported or are random; this run has not trained them.'
  const losses = `Loss ${number(first.loss)} at step ${first.step}, ${number(last.loss)} at step ${last.step}.`
  return `![Loss](loss.svg)\n\n![Learning rate](learning-rate.svg)\n\n${losses}`
}

/** How each kind of classifier came about, in words. */
const ways: Record<ClassifierKind, { title: string; then: string; curve: string }> = {
  'few-shot': { title: 'Few labels', then: ', with a classifier of few labels', curve: '' },
  knn: { title: 'Nearest neighbours', then: ', with its nearest neighbours', curve: '' },
  probe: { title: 'Linear probe', then: ', with a linear layer on top', curve: 'probe-loss.svg' },
  finetune: { title: 'Fine-tuning', then: ', then fine-tuned', curve: 'fine-tuning-loss.svg' },
}

function learnedSection({ kind, metrics, settings }: Learned): string {
  if (kind === 'few-shot') return ''
  const { title, curve } = ways[kind]
  const curves = metrics.length ? `![Loss](${curve})\n\n![Accuracy](accuracy.svg)\n` : ''
  return `\n## ${title}\n\n${curves}\n${settingsTable(evaluationKinds[kind].settings, settings!)}\n`
}

const checkRow = ({ library, images, difference, reason }: ProofCheck) =>
  `| ${library} | ${difference === null ? '–' : images} | ${difference === null ? `not compared: ${reason}` : number(difference)} |`

type Setting = { title: string; name: string; unit?: string }

function settingsTable(settings: Setting[], values: Record<string, number | boolean | string>): string {
  const rows = settings.map(({ title, name, unit }) => {
    const value = values[name]!
    return `| ${title} | ${typeof value === 'boolean' ? (value ? 'on' : 'off') : `${value}${unit ? ` ${unit}` : ''}`} |`
  })
  return `| Setting | Value |\n| ------- | ----- |\n${rows.join('\n')}`
}

const [blue, orange] = ['#3b62d9', '#b45309']

/** The curves that the card shows, by the names of their files. */
export function curveFiles({ metrics, learned }: Provenance): Files {
  const files: Files = {}
  if (metrics.length) {
    const { step, loss, validationLoss, learningRate } = bucketed(columnsOf(metrics), 400)
    const losses: Curve[] = [{ name: 'loss', color: blue, values: loss }]
    if (validationLoss.some((value) => value !== null))
      losses.push({ name: 'validation images', color: orange, values: validationLoss })
    files['loss.svg'] = curvePicture(step, 'step', losses)
    const rates = { name: 'learning rate', color: blue, values: learningRate }
    files['learning-rate.svg'] = curvePicture(step, 'step', [rates])
  }
  const epochs = learned?.metrics ?? []
  if (learned && epochs.length) {
    const x = epochs.map(({ epoch }) => epoch)
    const column = (name: 'loss' | 'top1' | 'balanced') => epochs.map((metric) => metric[name])
    files[ways[learned.kind].curve] = curvePicture(x, 'epoch', [
      { name: 'loss', color: blue, values: column('loss') },
    ])
    files['accuracy.svg'] = curvePicture(x, 'epoch', [
      { name: 'top-1', color: blue, values: column('top1') },
      { name: 'balanced', color: orange, values: column('balanced') },
    ])
  }
  return files
}
