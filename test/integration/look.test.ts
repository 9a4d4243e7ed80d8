import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine } from '#engine/engines'
import { CheckpointModel } from '#inference/checkpoint-model'
import { loadCentredImage } from '#images/decode/centred'
import { decodeSafetensors } from '#formats/safetensors'
import { forkNode } from '#platform/processes'
import { createServices, type Services } from '#app/backend'
import { newestStep, loadCheckpoint } from '#storage/run/checkpoint'
import { plainModel } from '#test/helpers/plain-model'
import { flags, makeImages, saim, smallModel, temporaryFolder } from '#test/helpers/runs'
import type { Backend, Classifier, Dataset, Run } from '#shared/contract'

/** `saim reconstruct`, `attention` and `embed`, and what the services let a page look at. */
const home = temporaryFolder()
const images = temporaryFolder()
const out = temporaryFolder()
const image = path.join(images, 'even', 'image 000.jpg')
let run: string
let services: Services

beforeAll(async () => {
  await makeImages(images, 24)
  await saim(['train', images, ...flags(smallModel)], home)
  run = path.join(home, 'runs', readdirSync(path.join(home, 'runs'))[0]!)
  process.env['SAIM_HOME'] = home
  services = createServices({ kind: 'browser', fork: forkNode }, () => undefined)
})
afterAll(() => services.close())

/** The weights of the newest checkpoint, the settings, and what a plain model makes of an image. */
async function plain(file: string) {
  const step = (await newestStep(run))!
  const { h, statistics } = await CheckpointModel.open(
    await createEngine('onnxruntime-cpu', { threads: 1 }),
    {
      folder: run,
      step,
    },
  )
  const { weights } = await loadCheckpoint(run, step)
  return plainModel(h, weights, await loadCentredImage(file, h.imageSize, statistics))
}

describe('saim reconstruct', () => {
  it('writes the panels of each image that it is asked for', async () => {
    const { code, output } = await saim(['reconstruct', run, image, '--out', out], home)
    expect(output).toMatch(/image 000-6\.png: loss \d\.\d{3}\n/)
    expect(code).toBe(0)
    // Original, smoothed, prediction, error and pattern: 16 px enlarged 14 times, with white between.
    expect(await sharp(path.join(out, 'image 000-6.png')).metadata()).toMatchObject({
      width: 5 * 224 + 16,
      height: 224,
    })
  })

  it('animates how patches come about, from predictions fed back', async () => {
    const asked = ['reconstruct', run, image, '--out', out, '--animate', 'gif', '--free', '--given', '4']
    expect((await saim(asked, home)).code).toBe(0)
    const { pages } = await sharp(path.join(out, 'image 000-6-free.gif')).metadata()
    expect(pages).toBe(13) // the 4 that are given, then 12 predictions
  })

  it('shows the images of the run where none is named', async () => {
    const all = path.join(out, 'all')
    await saim(['reconstruct', run, '--out', all], home)
    expect(readdirSync(all)).toHaveLength(8)
  })

  it('names what cannot be read, and checkpoints that are not there', async () => {
    const missing = await saim(['reconstruct', run, path.join(images, 'none.jpg'), '--out', out], home)
    expect(missing).toMatchObject({ code: 1 })
    expect(missing.output).toContain('none.jpg cannot be read')
    const step = await saim(['reconstruct', run, image, '--step', '5', '--out', out], home)
    expect(step.output).toContain('has no checkpoint of step 5')
  })
})

describe('saim attention', () => {
  it('writes the picture, each head and their mean', async () => {
    const { output } = await saim(['attention', run, image, '--patch', '1,2', '--out', out], home)
    const file = path.join(out, 'image 000-6-attention-2.png')
    expect(output).toContain('heads 1 to 2 and their mean')
    expect((await sharp(file).metadata()).width).toBe(4 * 224 + 12)
  })

  it('says which patches, blocks and heads there are', async () => {
    const asked = (...more: string[]) => saim(['attention', run, image, '--out', out, ...more], home)
    expect((await asked('--patch', '4,0')).output).toContain('from 0 to 3')
    expect((await asked('--layer', '3')).output).toContain('Choose 1 to 2')
    expect((await asked('--head', '3')).output).toContain('Choose 1 to 2')
  })
})

describe('saim odd', () => {
  it('puts images with something pasted first, with heat maps that show where', async () => {
    const [asked, maps] = [path.join(out, 'asked'), path.join(out, 'maps')]
    mkdirSync(asked)
    const whole = path.join(images, 'even', 'image 002.jpg')
    copyFileSync(whole, path.join(asked, 'whole.jpg'))
    const input = await sharp({ create: { width: 12, height: 12, channels: 3, background: 'white' } }).png().toBuffer() // prettier-ignore
    await sharp(whole)
      .composite([{ input, left: 24, top: 14 }])
      .toFile(path.join(asked, 'pasted.png'))
    const table = path.join(out, 'odd.csv')
    const command = ['odd', run, asked, '--normal', path.join(images, 'even'), '--bank', '120']
    const { output, code } = await saim([...command, '--output', table, '--maps', maps, '--top', '1'], home)
    expect(output).toContain('2 images beside 12 ordinary images')
    expect(code).toBe(0)
    const [head, ...rows] = readFileSync(table, 'utf8').trim().split('\n').map((line) => line.split(',')) // prettier-ignore
    expect(head).toEqual(['path', 'score'])
    expect(rows.map(([name]) => name)).toEqual(['pasted.png', 'whole.jpg'])
    expect(Number(rows[0]![1])).toBeGreaterThan(1.5 * Number(rows[1]![1]))
    expect(readdirSync(maps)).toEqual(['pasted-odd.png'])
  })
})

describe('saim embed', () => {
  it('writes what a plain model makes of each image', async () => {
    const target = path.join(out, 'embeddings')
    const asked = ['embed', run, images, '--format', 'safetensors', '--patch-tokens', '--out', target]
    const { output, code } = await saim(asked, home)
    expect(output).toContain('24 images')
    expect(code).toBe(0)
    const { tensors } = decodeSafetensors(readFileSync(path.join(target, 'embeddings.safetensors')))
    const [classToken, mean, patches] = [tensors['class_token']!, tensors['mean']!, tensors['patch_tokens']!]
    expect(classToken.shape).toEqual([24, 32])
    expect(patches.shape).toEqual([24, 16, 32])
    const { tokens } = (await plain(image)).encoded()
    const of = ({ values }: { values: ArrayLike<number> | BigInt64Array }, count: number) =>
      Array.from(values, Number).slice(0, count)
    const close = (actual: number[], expected: number[]) =>
      actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 4))
    close(of(classToken, 32), tokens[0]!)
    close(of(patches, 16 * 32), tokens.slice(1).flat())
    close(
      of(mean, 32),
      tokens[0]!.map((_, k) => tokens.slice(1).reduce((sum, token) => sum + token[k]!, 0) / 16),
    )
  })

  it('writes the same as a table, and never over what is there', async () => {
    const target = path.join(out, 'table')
    const asked = ['embed', run, '--format', 'csv', '--limit', '10', '--out', target]
    expect((await saim(asked, home)).output).toContain('10 images')
    const [file] = readdirSync(target).filter((name) => name.endsWith('.csv'))
    const [header, ...rows] = readFileSync(path.join(target, file!), 'utf8').trim().split('\n')
    expect(header!.split(',').length).toBeGreaterThan(64)
    expect(rows).toHaveLength(10)
    expect((await saim(asked, home)).output).toContain('is there already')
  })
})

describe('a page', () => {
  it('sees images of the run’s folder, and nothing beside it', async () => {
    mkdirSync(path.join(path.dirname(images), `${path.basename(images)}-beside`), { recursive: true })
    const id = path.basename(run)
    const asked = (file: string) =>
      (services.calls as Backend)['inspect.reconstruct']({
        run: id,
        step: 6,
        image: { source: { kind: 'run', id }, path: file },
        order: { kind: 'raster' },
      })
    const found = await asked('even/image 000.jpg')
    expect(existsSync((await services.file(found.pictures.original))!)).toBe(true)
    const beside = `../${path.basename(images)}-beside/a.jpg`
    for (const file of ['../secret.jpg', beside, '/etc/passwd', 'even/../../secret.jpg', '.', ''])
      await expect(asked(file)).rejects.toMatchObject({ code: 'not-allowed' })
    const thumbnail = (file: string) => services.file(`inspect/thumbnail/run/${id}/${file}`)
    expect(existsSync((await thumbnail('even/image 000.jpg'))!)).toBe(true)
    expect(await thumbnail('../../../etc/passwd')).toBeNull()
    expect(await thumbnail(beside)).toBeNull()
    expect(await services.file('inspect/picture/../../secret.png')).toBeNull()
  })
})

describe('a whole data set', () => {
  it('is measured by a checkpoint in the background: loss of each image, and similar ones', async () => {
    const calls = services.calls as Backend
    const { id } = await calls['datasets.add']({ folder: images })
    await expect
      .poll(async () => (await calls['datasets.list']())[0]!.status, { timeout: 60_000 })
      .toBe('ready')
    const [{ id: runId, step }] = (await calls['runs.list']()) as [Run]
    const measured = { dataset: id, run: runId, step }
    const none = { share: null, images: 0, pending: 24 }
    expect(await calls['inspect.measurement'](measured)).toEqual(none)
    const image = 'odd/image 003.jpg'
    const stopped = calls['inspect.measure'](measured)
    await calls['inspect.measurement'](measured)
    const again = calls['inspect.measure'](measured)
    expect(await again).toEqual(await stopped)
    expect(await again).toMatchObject({ images: 24 })
    expect(await calls['inspect.measurement'](measured)).toEqual({ share: null, images: 24, pending: 0 })

    // The same numbers as of the map of the same images, which is made in another way.
    const embedded = { run: runId, step, source: { kind: 'dataset', id }, limit: 500 } as const
    await calls['inspect.embed'](embedded)
    const hard = await calls['inspect.extremes']({ ...embedded, by: 'hard', feature: 'pooled', count: 24 })
    const checkpoint = { run: runId, step }
    const page = { id, offset: 0, limit: 24, checkpoint, sort: 'loss' } as const
    const { images: sorted } = await calls['datasets.images'](page)
    expect(sorted.map((image) => image.path)).toEqual(hard.map((image) => image.path))
    sorted.forEach(({ loss }, i) => expect(loss).toBeCloseTo(hard[i]!.value, 5))
    const near = await calls['inspect.neighbours']({ ...embedded, feature: 'pooled', path: image, count: 5 })
    const similar = await calls['inspect.similar']({ ...measured, paths: [image], pictures: [], count: 5 })
    expect(similar.map((image) => image.path)).toEqual(near.map((image) => image.path))
    similar.forEach(({ value }, i) => expect(value).toBeCloseTo(near[i]!.value, 3)) // halves
    const agreement = await calls['inspect.agreement']({ ...embedded, feature: 'pooled' })
    expect(agreement.map((found) => [found.class, found.images])).toEqual([
      ['even', 12],
      ['odd', 12],
    ])
    for (const { share } of agreement) expect(share).toBeGreaterThanOrEqual(0)
  })

  it('looks at new and changed images only, and finds what is similar to a picture from elsewhere', async () => {
    const calls = services.calls as Backend
    const [{ id }] = (await calls['datasets.list']()) as [Dataset]
    const [{ id: runId, step }] = (await calls['runs.list']()) as [Run]
    const measured = { dataset: id, run: runId, step }
    const like = async (file: string) => {
      const pictures = [readFileSync(file).toString('base64')]
      return calls['inspect.similar']({ ...measured, paths: [], pictures, count: 1 })
    }
    const [own] = await like(path.join(images, 'odd/image 003.jpg'))
    expect(own!.path).toBe('odd/image 003.jpg')
    expect(own!.value).toBeCloseTo(1, 3)

    // One changes into another, one comes, one goes.
    const place = (name: string) => path.join(images, name)
    renameSync(place('odd/image 005.jpg'), place('odd/new.jpg'))
    copyFileSync(place('even/image 004.jpg'), place('odd/image 003.jpg'))
    await calls['datasets.rescan']({ id })
    await expect
      .poll(async () => (await calls['datasets.list']())[0]!.status, { timeout: 60_000 })
      .toBe('ready')
    expect(await calls['inspect.measurement'](measured)).toEqual({ share: null, images: 22, pending: 2 })
    expect(await calls['inspect.measure'](measured)).toMatchObject({ images: 2 })
    const twins = { ...measured, paths: ['odd/image 003.jpg'], pictures: [], count: 24 }
    const found = await calls['inspect.similar'](twins)
    expect(found[0]!.path).toBe('even/image 004.jpg')
    expect(found[0]!.value).toBeCloseTo(1, 3)
    expect(found.map((image) => image.path)).toContain('odd/new.jpg')
    expect(found).toHaveLength(23)
    const features = path.join(home, 'datasets', `${id}.features`)
    expect(readdirSync(features).map((name) => statSync(path.join(features, name)).size)).toEqual([
      24 * 32 * 2,
    ])
  })

  it('teaches a classifier by its labels, which is kept and names the classes of other images', async () => {
    const calls = services.calls as Backend
    const [{ id }] = (await calls['datasets.list']()) as [Dataset]
    const [{ id: runId, step }] = (await calls['runs.list']()) as [Run]
    const found = await calls['datasets.suggest']({ id, run: runId, step })
    expect(found).toMatchObject({ labelled: 24, unlabelled: 0 })
    expect(found.classes.map(({ name }) => name)).toEqual(['even', 'odd'])
    expect(found.right).toBeGreaterThanOrEqual(0)
    const kept = await calls['datasets.keepClassifier']({ id, run: runId, step, name: 'Even or odd' })
    expect(path.basename(kept.path)).toBe('Even-or-odd')
    const table = path.join(out, 'predictions.csv')
    const { output, code } = await saim(['predict', images, '--with', 'Even-or-odd', '--output', table], home)
    expect(output).toContain('24 images')
    expect(code).toBe(0)
    const [head, ...rows] = readFileSync(table, 'utf8').trim().split('\n').map((line) => line.split(',')) // prettier-ignore
    expect(head).toEqual(['path', 'class', 'probability', 'even', 'odd'])
    expect(rows).toHaveLength(24)
    for (const [file, name, most, even, odd] of rows) {
      expect(file).toMatch(/^(even|odd)\//)
      expect(Number(even) + Number(odd)).toBeCloseTo(1, 3)
      expect(most).toBe(name === 'even' ? even : odd)
    }
    // What it learned from it mostly knows: that is more than what it finds of images it never saw.
    const right = rows.filter(([file, name]) => file!.startsWith(name!)).length
    expect(right).toBeGreaterThanOrEqual(found.right!)
  })

  it('divides the images into clusters, also by the command line, which the window then shows', async () => {
    const calls = services.calls as Backend
    const [{ id }] = (await calls['datasets.list']()) as [Dataset]
    const [{ id: runId, step }] = (await calls['runs.list']()) as [Run]
    const found = await calls['datasets.cluster']({ id, run: runId, step, count: 3 })
    expect(found.map(({ name }) => name)).toEqual(['Cluster 1', 'Cluster 2', 'Cluster 3'])
    expect(found.reduce((sum, one) => sum + one.images, 0)).toBe(24)
    const table = path.join(out, 'clusters.csv')
    const { output, code } = await saim(['group', run, '--clusters', '5', '--output', table], home)
    expect(output).toMatch(/Cluster 5: \d+ images?, \d+ of them (even|odd), such as (even|odd)\//)
    expect(output).not.toContain('Measured') // what was measured stays
    expect(code).toBe(0)
    const shown = await calls['datasets.clusters']({ id })
    expect(shown).toHaveLength(5)
    const [head, ...rows] = readFileSync(table, 'utf8').trim().split('\n').map((line) => line.split(',')) // prettier-ignore
    expect(head).toEqual(['path', 'cluster', 'distance'])
    expect(rows).toHaveLength(24)
    for (const { name, images: n, typical } of shown) {
      const own = rows.filter(([, cluster]) => cluster === name)
      expect(own).toHaveLength(n)
      expect(typical.map((one) => one.path)).toEqual(own.slice(0, 8).map(([file]) => file))
    }
    const [largest] = await calls['datasets.renameCluster']({ id, from: 'Cluster 1', to: 'Mine' })
    expect(largest!.name).toBe('Mine')
  })

  it('tags images that differ as much as they can, and lists those that are nearly the same', async () => {
    const calls = services.calls as Backend
    const [{ id }] = (await calls['datasets.list']()) as [Dataset]
    const [{ id: runId, step }] = (await calls['runs.list']()) as [Run]
    const before = (await calls['datasets.list']())[0]!.newestAct
    const tagged = await calls['datasets.tagDiverse']({ id, run: runId, step, count: 5, tag: 'few' })
    expect(tagged.newestAct).toBe('tagged 5 images few')
    const shown = await calls['datasets.images']({ id, tags: ['few'], offset: 0, limit: 100 })
    expect(shown.total).toBe(5)
    const table = path.join(out, 'diverse.csv')
    const asked = ['pick', run, '--count', '5', '--tag', 'few too', '--output', table]
    expect(await saim(asked, home)).toMatchObject({ code: 0, output: expect.stringMatching(/^5 images, tagged few too/) }) // prettier-ignore
    const [head, ...picked] = readFileSync(table, 'utf8').trim().split('\n')
    expect(head).toBe('path')
    expect(picked.sort()).toEqual(shown.images.map((one) => one.path).sort())
    const again = await calls['datasets.images']({ id, tags: ['few too'], offset: 0, limit: 100 })
    expect(again.images.map((one) => one.path)).toEqual(shown.images.map((one) => one.path))
    await calls['datasets.undo']({ id })
    expect((await calls['datasets.undo']({ id })).newestAct).toBe(before)
    const tooMany = calls['datasets.tagDiverse']({ id, run: runId, step, count: 25, tag: 'many' })
    await expect(tooMany).rejects.toMatchObject({ code: 'too-few-images' })

    // Two images have the same contents since the test above.
    const report = await calls['datasets.findAlike']({ id, run: runId, step, similarity: 0.999 })
    expect(report.alike).toBeGreaterThan(0)
    expect(report.compared).toMatchObject({ run: runId, step, similarity: 0.999 })
    const twins = { id, kind: 'alike', offset: 0, limit: 10 } as const
    const [first] = (await calls['datasets.duplicates'](twins)).pairs
    expect([first!.copy.path, first!.of.path].sort()).toEqual(['even/image 004.jpg', 'odd/image 003.jpg'])
    const list = path.join(out, 'alike.csv')
    const listed = ['alike', run, '--similarity', '0.999', '--output', list]
    const { output } = await saim(listed, home)
    expect(output).toContain(`${report.alike} pair`)
    expect(readFileSync(list, 'utf8').split('\n')[1]).toMatch(/^alike,.*,1\.0000$/)
  })

  it('names images in the window as in the terminal, and copies them by class without touching any', async () => {
    const calls = services.calls as Backend
    const [{ key, name, kind }] = (await calls['classifiers.list']()) as [Classifier]
    expect([name, kind]).toEqual(['Even or odd', 'few-shot'])
    await calls['classifiers.rename']({ key, name: 'Parity' })
    expect((await calls['classifiers.list']())[0]!.name).toBe('Parity')
    const before = readdirSync(images, { recursive: true }).sort()
    const found = await calls['classifiers.predict']({ id: 'p-1', key, folder: images as never })
    const classOf = (path: string) => found.classes[found.images.find((one) => one.path === path)!.class]!
    const [, ...rows] = readFileSync(path.join(out, 'predictions.csv'), 'utf8').trim().split('\n')
    expect(found.images).toHaveLength(24)
    for (const [file, named, share] of rows.map((row) => row.split(','))) {
      expect(classOf(file!)).toBe(named)
      expect(found.images.find((one) => one.path === file)!.confidence).toBeCloseTo(Number(share), 3)
    }
    const some = { id: 'p-1', images: [0, 1, 2], folder: out as never }
    const copies = [await calls['classifiers.copy'](some), await calls['classifiers.copy'](some)]
    for (const { path: made } of copies) {
      const copied = readdirSync(made, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
      expect(copied).toHaveLength(3)
    }
    const first = found.images[0]!
    const copy = readdirSync(path.join(copies[0]!.path, classOf(first.path)))
    expect(copy.some((name) => name.endsWith(path.basename(first.path)))).toBe(true)
    const written = await calls['classifiers.save'](some)
    expect(path.basename(written.path)).toBe('predictions-2.csv')
    expect(readFileSync(written.path, 'utf8').trim().split('\n')).toHaveLength(4)
    await expect(calls['classifiers.copy']({ ...some, folder: images as never })).rejects.toThrow(
      'is in the folder',
    )
    expect(readdirSync(images, { recursive: true }).sort()).toEqual(before)
    const taken = await saim(
      ['export', run, '--format', 'classifier', '--evaluation', 'Parity', '--out', out],
      home,
    )
    expect([taken.code, taken.output]).toEqual([
      0,
      expect.stringMatching(/onnxruntime, batch 8: largest difference/),
    ])
    const card = readFileSync(path.join(/Written: (.*)/.exec(taken.output)![1]!, 'README.md'), 'utf8')
    expect(card).toMatch(/\| Few labels +\| 24 images/)
    const data = readFileSync(path.join(images, first.path)).toString('base64')
    await calls['classifiers.give']({ id: 'p-2', name: '../given.jpg', data })
    const given = await calls['classifiers.predict']({ id: 'p-2', key })
    expect(given).toMatchObject({
      folder: null,
      images: [{ path: 'given.jpg', class: found.images[0]!.class }],
    })
    expect(await services.file('predicted/p-2/0/large')).toMatch(/webp$/)
    expect(await services.file('predicted/p-2/1/large')).toBeNull()
  })

  it('keeps what it measured over a start, until the data set is forgotten', async () => {
    services.close()
    services = createServices({ kind: 'browser', fork: forkNode }, () => undefined)
    const calls = services.calls as Backend
    const [{ id }] = (await calls['datasets.list']()) as [Dataset]
    const [{ id: runId, step }] = (await calls['runs.list']()) as [Run]
    const measured = { dataset: id, run: runId, step }
    expect(await calls['inspect.measurement'](measured)).toEqual({ share: null, images: 24, pending: 0 })
    expect(
      await calls['inspect.similar']({ ...measured, paths: ['odd/new.jpg'], pictures: [], count: 5 }),
    ).toHaveLength(5)
    // Without its file nothing is known of them.
    const features = path.join(home, 'datasets', `${id}.features`)
    rmSync(path.join(features, readdirSync(features)[0]!))
    expect(await calls['inspect.measurement'](measured)).toEqual({ share: null, images: 0, pending: 24 })
    await calls['datasets.remove']({ id })
    expect(existsSync(features)).toBe(false)
    await calls['datasets.add']({ folder: images })
    await expect
      .poll(async () => (await calls['datasets.list']())[0]!.status, { timeout: 60_000 })
      .toBe('ready')
  })

  it('can be stopped, and goes on from there', async () => {
    const calls = services.calls as Backend
    const [{ id: dataset }] = (await calls['datasets.list']()) as [Dataset]
    const [{ id: runId }] = (await calls['runs.list']()) as [Run]
    const measured = { dataset, run: runId, step: 3 }
    const answer = calls['inspect.measure'](measured)
    const until = setInterval(() => void calls['inspect.stopMeasuring'](measured), 1)
    expect(await answer).toBeNull()
    clearInterval(until)
    expect(await calls['inspect.measurement'](measured)).toMatchObject({ share: null })
    await calls['inspect.measure'](measured)
    expect(await calls['inspect.measurement'](measured)).toMatchObject({ images: 24, pending: 0 })
  })
})
