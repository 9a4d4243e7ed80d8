import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp, { type Color } from 'sharp'
import { describe, expect, it } from 'vitest'
import { type Batch, type BatchLoader, openBatches } from '#images/batches'
import { decodeImage } from '#images/decode/decode'
import { readHeader } from '#images/decode/header'
import { cropPixels } from '#images/pixels/resample'
import { imageNetStatistics } from '#shared/image-net'
import type { Crop } from '#model/augment/crop'
import { readRun } from '#storage/run/run-folder'
import { fromPreset } from '#shared/settings/hyperparameters'
import { scan } from '#test/helpers/data'
import { flags, makeImages, saim, smallModel, temporaryFolder } from '#test/helpers/runs'

const picture = (width = 30, height = 20, background: Color = 'red') =>
  sharp({ create: { width, height, channels: 3, background } })

/** A quarter of red, three quarters clear. */
const pale = sharp({
  create: { width: 30, height: 20, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.25 } },
})

/** A crop of an image file, scaled to size x size. */
const cropOf = async (file: string, crop: Crop, size: number) =>
  cropPixels(await decodeImage(file, await readHeader(file)), crop, { size })

describe('scanning a folder', () => {
  it('reads every format, whatever the case of its ending and the letters of its name', async () => {
    const folder = temporaryFolder()
    mkdirSync(path.join(folder, 'Größe/深い'), { recursive: true })
    await picture().jpeg().toFile(path.join(folder, 'a.JPG'))
    await picture().jpeg({ progressive: true }).toFile(path.join(folder, 'progressive.jpeg'))
    await picture().toColourspace('cmyk').jpeg().toFile(path.join(folder, 'cmyk.jpg'))
    await picture().png().toFile(path.join(folder, 'Größe/b.png'))
    await picture().png({ palette: true }).toFile(path.join(folder, 'palette.png'))
    await picture().toColourspace('rgb16').png().toFile(path.join(folder, 'deep.png'))
    await picture().webp().toFile(path.join(folder, 'Größe/深い/ü.webp'))
    await picture().avif().toFile(path.join(folder, 'c.avif'))
    await picture().tiff().toFile(path.join(folder, 'd.tiff'))
    await picture().gif().toFile(path.join(folder, 'e.gif'))
    await picture().greyscale().png().toFile(path.join(folder, 'grey.png'))
    const { files, unreadable } = await scan(folder)
    expect(unreadable).toEqual([])
    expect(files).toHaveLength(11)
    expect(files.find((image) => image.path === 'Größe/深い/ü.webp')).toMatchObject({
      width: 30,
      height: 20,
      class: 'Größe',
    })
    for (const image of files) {
      const crop = { left: 0, top: 0, width: 20, height: 20 }
      const pixels = await cropOf(path.join(folder, image.path), crop, 4)
      expect(pixels, image.path).toHaveLength(4 * 4 * 3)
      if (!/cmyk|grey/.test(image.path)) expect(pixels[0], image.path).toBeGreaterThan(240)
    }
  })

  it('lists what it cannot read, with the reason, and goes on', async () => {
    const folder = temporaryFolder()
    await picture().jpeg().toFile(path.join(folder, 'good.jpg'))
    writeFileSync(path.join(folder, 'text.jpg'), 'not an image')
    writeFileSync(path.join(folder, 'empty.png'), '')
    writeFileSync(path.join(folder, 'notes.txt'), 'no image and not said to be one')
    const { files, unreadable } = await scan(folder)
    expect(files.map((image) => image.path)).toEqual(['good.jpg'])
    expect(unreadable).toEqual([
      { path: 'empty.png', reason: 'damaged: it ends too early' },
      { path: 'text.jpg', reason: 'not an image, or in an unsupported format' },
    ])
  })

  it('turns images as their EXIF orientation says', async () => {
    const folder = temporaryFolder()
    const file = path.join(folder, 'turned.jpg')
    const white = { create: { width: 30, height: 10, channels: 3 as const, background: 'white' } }
    await picture()
      .composite([{ input: white, left: 0, top: 0 }])
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toFile(file)
    const { files } = await scan(folder)
    expect(files[0]).toMatchObject({ width: 20, height: 30 })
    // The white upper half lies to the right once the image is turned.
    const pixels = await cropOf(file, { left: 0, top: 0, width: 20, height: 20 }, 2)
    expect(pixels[2]).toBeLessThan(60)
    expect(pixels[5]).toBeGreaterThan(200)
  })

  it('lays alpha over white', async () => {
    const file = path.join(temporaryFolder(), 'clear.png')
    await sharp({ create: { width: 8, height: 8, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
      .png()
      .toFile(file)
    expect(Array.from(await cropOf(file, { left: 0, top: 0, width: 8, height: 8 }, 1))).toEqual([
      255, 255, 255,
    ])
  })

  it('takes the first page of a TIFF and the first frame of a GIF', async () => {
    const folder = temporaryFolder()
    const pages = await Promise.all(['red', 'blue', 'lime'].map((c) => picture(30, 20, c).png().toBuffer()))
    const several = () => sharp(pages, { join: { animated: true } })
    await several().tiff({ compression: 'lzw' }).toFile(path.join(folder, 'pages.tif'))
    await several().gif().toFile(path.join(folder, 'frames.gif'))
    for (const name of ['pages.tif', 'frames.gif'])
      expect(await sharp(path.join(folder, name)).metadata()).toMatchObject({ pages: 3 })
    const { files } = await scan(folder)
    expect(files).toMatchObject([
      { path: 'frames.gif', width: 30, height: 20 },
      { path: 'pages.tif', width: 30, height: 20 },
    ])
    for (const { path: name } of files) {
      const pixels = await cropOf(path.join(folder, name), { left: 0, top: 0, width: 30, height: 20 }, 1)
      expect([...pixels], name).toEqual([255, 0, 0])
    }
  })

  // What inks look like depends on a profile that is guessed where there is none.
  const brown = { r: 120, g: 90, b: 60 }
  it.each([
    ['CMYK', 'jpg', picture(30, 20, brown).toColourspace('cmyk').jpeg(), [120, 90, 60], 25],
    ['grey', 'png', picture(30, 20, '#777777').greyscale().png(), [119, 119, 119], 1],
    ['16 bits', 'png', picture(30, 20, brown).toColourspace('rgb16').png(), [120, 90, 60], 1],
    ['a palette with alpha', 'png', pale.png({ palette: true }), [255, 191, 191], 4],
  ])('keeps the colours of an image of %s', async (_, ending, made, colour, tolerance) => {
    const file = path.join(temporaryFolder(), `picture.${ending}`)
    await made.toFile(file)
    const pixels = await cropOf(file, { left: 0, top: 0, width: 30, height: 20 }, 1)
    for (const c of [0, 1, 2]) expect(Math.abs(pixels[c]! - colour[c]!)).toBeLessThanOrEqual(tolerance)
  })

  it('finds a folder by its own name, not by that of a link to it', async () => {
    const folder = temporaryFolder()
    await makeImages(folder, 2)
    symlinkSync('even', path.join(folder, 'another'))
    symlinkSync('even', path.join(folder, 'the link'))
    const { index } = await scan(folder)
    expect(index.summary().classes.map(({ name }) => name)).toEqual(['even', 'odd'])
  })

  it('ends on folders that link to themselves', async () => {
    const folder = temporaryFolder()
    await makeImages(folder, 2)
    symlinkSync(folder, path.join(folder, 'even', 'again'))
    expect((await scan(folder)).files).toHaveLength(2)
  })

  it('says what is wrong with a folder that is missing, is a file or holds no images', async () => {
    const folder = temporaryFolder()
    await expect(scan(path.join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'folder-missing' })
    await expect(scan(folder)).rejects.toMatchObject({ code: 'no-images' })
    writeFileSync(path.join(folder, 'file'), '')
    await expect(scan(path.join(folder, 'file'))).rejects.toMatchObject({ code: 'not-a-folder' })
  })
})

it('a run is normalised by the colours of its data set where that is wanted', async () => {
  const [folder, home] = [temporaryFolder(), temporaryFolder()]
  for (let i = 0; i < 8; i++)
    await picture(30, 20, i % 2 ? 'white' : 'red')
      .png()
      .toFile(path.join(folder, `${i}.png`))
  const settings = { ...smallModel, epochs: 1, normalization: 'dataset' }
  expect(await saim(['train', folder, ...flags(settings)], home)).toMatchObject({ code: 0 })
  const [id] = readdirSync(path.join(home, 'runs')).filter((name) => !name.startsWith('.'))
  const { statistics } = await readRun(path.join(home, 'runs', id!))
  for (const [c, mean, deviation] of [
    [0, 1, 0.001],
    [1, 0.5, 0.5],
    [2, 0.5, 0.5],
  ] as const) {
    expect(statistics.mean[c]).toBeCloseTo(mean, 3)
    expect(statistics.deviation[c]).toBeCloseTo(deviation, 3)
  }
})

describe('batches', () => {
  const h = fromPreset('nano', { imageSize: 16, patchSize: 4, batchSize: 4, epochs: 3, seed: 3 })
  const open = async (folder: string, options: Partial<Parameters<typeof openBatches>[0]> = {}) => {
    const { images, chosen } = options.images
      ? { images: options.images, chosen: options.chosen! }
      : await scan(folder)
    return openBatches({
      folder,
      images,
      chosen,
      hyperparameters: h,
      firstBatch: 0,
      decoders: 1,
      statistics: imageNetStatistics,
      cacheLimits: { memory: 0, disk: 0 },
      ...options,
    })
  }

  /** The next batch, when all of its images are there. */
  const take = async (loader: BatchLoader): Promise<Omit<Batch, 'arrived'>> => {
    const { arrived, ...batch } = loader.next()
    await arrived()
    return batch
  }

  it('are the same for any number of decoders and from any place on', async () => {
    const folder = temporaryFolder()
    await makeImages(folder, 10)
    const one = await open(folder)
    const three = await open(folder, { decoders: 3 })
    const later = await open(folder, { firstBatch: 3 })
    for (let i = 0; i < 5; i++) {
      const batch = await take(one)
      expect(batch).toMatchObject({ index: i, epoch: Math.floor(i / 2) })
      expect(await take(three)).toEqual(batch)
      if (i >= 3) expect(await take(later)).toEqual(batch)
    }
    await Promise.all([one.close(), three.close(), later.close()])
  })

  it('are the same with decoded images kept in memory or on disk, also where only some have room', async () => {
    const folder = temporaryFolder()
    await makeImages(folder, 10, { width: 160, height: 120 })
    const size = 80 * 60 * 3 // decoded at half their size
    const loaders = await Promise.all(
      [
        { memory: 0, disk: 0 },
        { memory: 4.5 * size, disk: 0 },
        { memory: 1e9, disk: 0 },
        { memory: 2.5 * size, disk: 3.5 * size },
        { memory: 0, disk: 1e9 },
      ].map((cacheLimits) => open(folder, { cacheLimits, decoders: 2 })),
    )
    for (let i = 0; i < 6; i++) {
      const [without, ...others] = await Promise.all(loaders.map(take))
      for (const other of others) expect(other).toEqual(without)
    }
    await Promise.all(loaders.map((loader) => loader.close()))
  })

  it('hold every image once in an epoch, in an order of its own', async () => {
    const folder = temporaryFolder()
    await makeImages(folder, 8)
    const loader = await open(folder)
    const epoch = async () => [...(await take(loader)).indices, ...(await take(loader)).indices]
    const first = await epoch()
    const second = await epoch()
    expect([...first].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(first).not.toEqual(second)
    await loader.close()
  })

  it('repeat the images where there are fewer than a batch', async () => {
    const folder = temporaryFolder()
    await makeImages(folder, 3)
    const loader = await open(folder)
    expect(loader.batchesPerEpoch).toBe(1)
    expect(new Set((await take(loader)).indices)).toEqual(new Set([0, 1, 2]))
    await loader.close()
  })

  it('put another image where one is damaged or vanishes, and say so once', async () => {
    const folder = temporaryFolder()
    await makeImages(folder, 8)
    const { images, chosen } = await scan(folder)
    rmSync(path.join(folder, images.at(0).path))
    const damaged = path.join(folder, images.at(1).path)
    writeFileSync(damaged, readFileSync(damaged).subarray(0, 400))
    const loader = await open(folder, { images, chosen })
    const batches = await Promise.all([0, 1, 2, 3].map(() => take(loader)))
    const told = batches.flatMap((batch) => batch.unreadable).sort((a, b) => (a.path < b.path ? -1 : 1))
    expect(told.map(({ path: file }) => file)).toEqual([images.at(0).path, images.at(1).path])
    expect(told[0]!.reason).toBe('the file is gone')
    expect(batches.flatMap((batch) => batch.indices)).not.toContain(0)
    await loader.close()
  })

  it('fail with advice when no image is left', async () => {
    const folder = temporaryFolder()
    await makeImages(folder, 2)
    const { images, chosen } = await scan(folder)
    rmSync(folder, { recursive: true })
    const loader = await open(folder, { images, chosen }).catch((error) => error)
    const error = 'next' in loader ? await take(loader).catch((e: unknown) => e) : loader
    expect(['no-images', 'folder-missing']).toContain(error.code)
  })
})
