import { execFileSync } from 'node:child_process'
import { closeSync, copyFileSync, mkdirSync, openSync, rmSync, symlinkSync, truncateSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { loadCrops, centred } from '#images/crops'
import { Decoders } from '#images/decode/decoders'
import { fingerprint } from '#images/index/fingerprint'
import { thumbnailFile } from '#images/thumbnails'
import { imageNetStatistics } from '#shared/image-net'
import { scan } from '#test/helpers/data'
import { makeImages, temporaryFolder } from '#test/helpers/runs'

it('a thread that does not get on with an image is replaced, and the others are decoded', async () => {
  const folder = temporaryFolder()
  await makeImages(folder, 20)
  const wanted = await crops(folder, new Decoders(2, imageNetStatistics))
  const { files } = await scan(folder)
  const side = 12_000
  await sharp({ create: { width: side, height: side, channels: 3, background: 'red' } })
    .png({ compressionLevel: 1 })
    .toFile(path.join(folder, 'giant.png'))
  const giant = { ...files[0]!, path: 'giant.png', width: side, height: side }
  const at = 10
  const threads = new Decoders(1, imageNetStatistics, 300)
  const images = [...files.slice(0, at), giant, ...files.slice(at)]
  const { reasons, pixels } = await loadCrops(threads, folder, images, 32, centred)
  expect(reasons[at]).toMatch(/longer than/)
  expect(reasons.filter((reason) => reason !== null)).toHaveLength(1)
  const each = pixels.length / images.length
  expect([...pixels.subarray(0, at * each), ...pixels.subarray((at + 1) * each)]).toEqual([...wanted])
  await threads.close()
})

it('decode with any number of threads that is asked for', async () => {
  const folder = temporaryFolder()
  await makeImages(folder, 3)
  const some = await crops(folder, new Decoders(1, imageNetStatistics))
  expect(await crops(folder, new Decoders(-1, imageNetStatistics))).toEqual(some)
})

async function crops(folder: string, threads: Decoders) {
  const { pixels, reasons } = await loadCrops(threads, folder, (await scan(folder)).files, 32, centred)
  expect(reasons.every((reason) => reason === null)).toBe(true)
  await threads.close()
  return pixels
}

it('pipes, devices and links to them are passed over, giants and folders named like images are refused', async () => {
  const folder = temporaryFolder()
  const at = (name: string) => path.join(folder, name)
  await makeImages(folder, 2)
  execFileSync('mkfifo', [at('pipe.jpg')])
  symlinkSync(at('pipe.jpg'), at('linked pipe.jpg'))
  symlinkSync('/dev/zero', at('endless.png'))
  symlinkSync('/dev/tty', at('terminal.png'))
  mkdirSync(at('folder.jpg'))
  for (const [name, start] of [
    ['giant.png', 'rgb.png'],
    ['giant.tif', 'rgb.tif'],
  ] as const) {
    copyFileSync(`test/fixtures/pixels/${start}`, at(name))
    truncateSync(at(name), 2 ** 40)
  }
  closeSync(openSync(at('zeros.jpg'), 'w'))
  truncateSync(at('zeros.jpg'), 2 ** 30)
  const { files, unreadable } = await scan(folder)
  expect(files).toHaveLength(2)
  expect(Object.fromEntries(unreadable.map(({ path: name, reason }) => [name, reason]))).toEqual({
    'giant.png': 'larger than 2 GB',
    'giant.tif': 'larger than 2 GB',
    'zeros.jpg': 'not an image, or in an unsupported format',
  })
})

it('formats that are not decoded are counted, and all files are looked at again by a newer reader', async () => {
  const folder = temporaryFolder()
  for (const [name, from] of [
    ['a.jp2', 'picture.jp2'],
    ['b.jpg', 'jp2-named.jpg'],
    ['c.tif', 'float.tif'],
    ['d.tif', 'rgb.tif'],
  ] as const)
    copyFileSync(`test/fixtures/pixels/${from}`, path.join(folder, name))
  const { index } = await scan(folder)
  expect(index.summary().notices).toEqual([
    'Left out 2 files: JPEG 2000 cannot be decoded here: save it as JPEG or PNG.',
    expect.stringMatching(/^Left out 1 file: a TIFF of 32-bit floating-point numbers cannot/),
  ])
  // As an index of before has it, whose reader saw no more than a name.
  index.run('UPDATE files SET problem = NULL, width = 1, height = 1')
  await index.scan()
  expect(index.summary().unreadable).toBe(0)
  index.run('PRAGMA user_version = 0')
  await index.scan()
  expect(index.summary()).toMatchObject({ images: 1, unreadable: 3 })
})

it('an image that becomes a pipe after the scan holds up nothing', async () => {
  const folder = temporaryFolder()
  await makeImages(folder, 2)
  const { files } = await scan(folder)
  const file = path.join(folder, files[0]!.path)
  rmSync(file)
  execFileSync('mkfifo', [file])
  const threads = new Decoders(1, imageNetStatistics)
  const { reasons } = await loadCrops(threads, folder, files, 32, centred)
  await threads.close()
  expect(reasons).toEqual(['not a file', null])
  await expect(fingerprint(file)).rejects.toThrow('not a file')
  expect(await thumbnailFile(folder, files[0]!.path)).toBeNull()
})
