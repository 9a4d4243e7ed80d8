import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { DatasetIndex } from '#images/index/dataset-index'
import { act } from '#images/index/labels'
import { pageOf } from '#images/index/filtered'
import { Manifest, writeManifest } from '#images/manifest'
import { scan } from '#test/helpers/data'
import { temporaryFolder } from '#test/helpers/runs'

/** A folder with an image of these paths each. */
async function folderOf(...paths: string[]): Promise<string> {
  const folder = temporaryFolder()
  const image = path.join(temporaryFolder(), 'image.png')
  await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .png()
    .toFile(image)
  for (const file of paths) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    copyFileSync(image, path.join(folder, file))
  }
  return folder
}
const animals = (...splits: string[]) =>
  splits.flatMap((split) => ['cat', 'dog'].map((name) => `${split}/${name}/1.png`))

describe('data sets as they are downloaded', () => {
  const none = { none: 0, train: 0, validation: 0, test: 0 }
  it.each<[string, string[], Partial<typeof none>, string[]]>([
    ['below one folder', animals('archive/train', 'archive/test'), { train: 2, test: 2 }, ['cat', 'dog']],
    ['in folders twice', animals('train/train', 'test/test'), { train: 2, test: 2 }, ['cat', 'dog']],
    ['of COCO', ['train2017/1.png', 'val2017/2.png'], { train: 1, validation: 1 }, []],
    ['with longer names', animals('training_set', 'test_set'), { train: 2, test: 2 }, ['cat', 'dog']],
    ['of YOLO', ['images/train/1.png', 'images/val/2.png'], { train: 1, validation: 1 }, []],
    ['of other letters', ['train/Cat/1.png', 'val/cat/1.png'], { train: 1, validation: 1 }, ['Cat']],
  ])('%s have the splits and classes that people mean', async (_, paths, splits, classes) => {
    const folder = await folderOf(...paths)
    const { index } = await scan(folder)
    const summary = index.summary()
    expect(summary.splits).toEqual({ ...none, ...splits })
    expect(summary.classes.map(({ name }) => name)).toEqual(classes)

    const file = path.join(temporaryFolder(), 'dataset.json')
    const counts = await writeManifest(file, index, { fraction: 0, seed: 0 })
    expect(counts).toMatchObject(splits)
    const manifest = await Manifest.read(file)
    for (const i of manifest.indicesOf('train')) expect(manifest.at(i).path).not.toMatch(/test|val/)
  })
})

it('an index learns of splits that come to a folder later', async () => {
  const folder = await folderOf(...animals('archive'))
  const index = new DatasetIndex(folder, ':memory:')
  await index.scan()
  expect(index.summary()).toMatchObject({ splits: { none: 2 }, classes: [{ name: 'cat' }, { name: 'dog' }] })
  for (const split of ['train', 'test']) {
    mkdirSync(path.join(folder, 'archive', split))
    for (const name of ['cat', 'dog'])
      copyFileSync(
        path.join(folder, 'archive', name, '1.png'),
        path.join(folder, 'archive', split, `${name}.png`),
      )
  }
  for (const name of ['cat', 'dog']) rmSync(path.join(folder, 'archive', name), { recursive: true })
  await index.scan()
  expect(index.summary()).toMatchObject({ splits: { none: 0, train: 2, test: 2 }, classes: [] })
  expect(pageOf(index, { splits: ['test'] }, 0, 10).total).toBe(2)
})

it('previews and deleted images of systems are left out, and counted', async () => {
  const system = ['@eaDir', '#recycle', '$RECYCLE.BIN', 'lost+found', '__MACOSX', '.ipynb_checkpoints']
  const folder = await folderOf('dog/1.png', ...system.map((name) => `dog/${name}/below/2.png`))
  const { files, index } = await scan(folder)
  expect(files.map((image) => image.path)).toEqual(['dog/1.png'])
  const [notice, ...others] = index.summary().notices
  expect(notice).toMatch(/^Left out: 6 images in folders of the system, /)
  expect(others).toEqual([])
})

describe('what a scan cannot open', () => {
  it.runIf(process.platform === 'linux')('is told of names that are not UTF-8', async () => {
    const folder = await folderOf('dog/1.png')
    const named = (name: Buffer) => Buffer.concat([Buffer.from(`${folder}/dog/`), name])
    mkdirSync(named(Buffer.from([0xff, 0xfe])))
    writeFileSync(named(Buffer.from([0xe9, ...Buffer.from('.jpg')])), 'x')
    const { unreadable } = await scan(folder)
    expect(unreadable).toEqual([
      { path: 'dog/\uFFFD.jpg', reason: 'its name is not in UTF-8: rename it' },
      { path: 'dog/\uFFFD\uFFFD/', reason: 'its name is not in UTF-8: rename it' },
    ])
  })

  it.runIf(process.platform !== 'win32')(
    'is told without permission, and read once there is one',
    async () => {
      const folder = await folderOf('dog/1.png', 'cat/2.png', 'locked/3.png')
      execFileSync('chmod', ['-R', 'a+rX', folder])
      const [locked, secret] = [path.join(folder, 'locked'), path.join(folder, 'cat', '2.png')]
      chmodSync(locked, 0)
      chmodSync(secret, 0)
      const index = new DatasetIndex(folder, ':memory:')
      await asOrdinaryUser(() => index.scan())
      expect(index.summary()).toMatchObject({ images: 1, unreadable: 2 })
      const [first, second] = index.unreadable(0, 10).files
      expect(first).toMatchObject({ path: 'cat/2.png' })
      expect(second).toEqual({ path: 'locked/', reason: 'the folder cannot be opened: no permission' })

      chmodSync(locked, 0o755)
      chmodSync(secret, 0o644)
      await asOrdinaryUser(() => index.scan())
      expect(index.summary()).toMatchObject({ images: 3, unreadable: 0 })

      chmodSync(folder, 0)
      await expect(asOrdinaryUser(() => index.scan())).rejects.toMatchObject({ code: 'EACCES' })
      chmodSync(folder, 0o755)
    },
  )
})

it.runIf(process.platform !== 'win32')(
  'what is excluded stays so while its folder cannot be opened, as do the others that are excluded there',
  async () => {
    const folder = await folderOf('dog/1.png', 'locked/below/2.png', 'locked/3.png', 'locked/4.png')
    execFileSync('chmod', ['-R', 'a+rX', folder])
    const index = new DatasetIndex(folder, ':memory:')
    await index.scan()
    const excluded = () => pageOf(index, { problems: ['excluded'] }, 0, 10).images.map((image) => image.path)
    const chosen = pageOf(index, {}, 0, 10).images.filter((image) => /[23]\.png/.test(image.path))
    act(
      index,
      chosen.map(({ id }) => id),
      { excluded: true },
    )
    for (let again = 0; again < 2; again++) {
      chmodSync(path.join(folder, 'locked'), 0)
      for (let scans = 0; scans < 2; scans++) await asOrdinaryUser(() => index.scan())
      expect(index.summary()).toMatchObject({ images: 1, excluded: 0 })
      chmodSync(path.join(folder, 'locked'), 0o755)
      await index.scan()
      expect(index.summary()).toMatchObject({ images: 2, excluded: 2, unreadable: 0 })
      expect(excluded().sort()).toEqual(['locked/3.png', 'locked/below/2.png'])
    }
    rmSync(path.join(folder, 'locked', 'below'), { recursive: true })
    await index.scan()
    expect(excluded()).toEqual(['locked/3.png'])
  },
)

/** Root may read everything: it does the work as nobody. */
async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.getuid!() !== 0) return work()
  process.seteuid!(65534)
  try {
    return await work()
  } finally {
    process.seteuid!(0)
  }
}
