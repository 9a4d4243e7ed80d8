import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { encode } from 'fast-png'
import { afterAll, expect, it } from 'vitest'
import { centredMask, maskFile, readMask } from './masks'

const folder = mkdtempSync(path.join(tmpdir(), 'saim-masks-'))
afterAll(() => rmSync(folder, { recursive: true }))
const written = (name: string, bytes: Uint8Array) => {
  const file = path.join(folder, name)
  writeFileSync(file, bytes)
  return file
}

/** 5 × 3 pixels that Pillow wrote with a palette: 0 to 14 in four bits, and 0 and 1 by turns in one. */
const fourBits =
  'iVBORw0KGgoAAAANSUhEUgAAAAUAAAADBAMAAACpGNjLAAAAMFBMVEUA/wcB/gcC/QcD/AcE+wcF+gcG+QcH+AcI9wcJ9gcK9QcL9AcM8wcN8gcO8QcP8Af7wI+3AAAAFElEQVR4nGNkVJJlCVWSYFytJAwACI8Btq1kyPgAAAAASUVORK5CYII='
const oneBit =
  'iVBORw0KGgoAAAANSUhEUgAAAAUAAAADAQMAAABh+Fe7AAAABlBMVEUA/wcB/gfnTXVdAAAADklEQVR4nGMIYFjBEAAAA94BSXfAiOEAAAAASUVORK5CYII='

it('reads the numbers of an indexed PNG, not its colours', async () => {
  const counted = Array.from({ length: 15 }, (_, i) => i)
  const read = (text: string) => readMask(written('mask.png', Buffer.from(text, 'base64')))
  expect(await read(fourBits)).toEqual({ width: 5, height: 3, classes: Uint8Array.from(counted) })
  expect((await read(oneBit)).classes).toEqual(Uint8Array.from(counted, (i) => i % 2))
})

it('reads a grey PNG, and takes its middle square by the nearest pixels', async () => {
  const data = Uint8Array.from({ length: 24 }, (_, i) => i)
  const file = written('grey.png', encode({ width: 6, height: 4, data, channels: 1 }))
  const mask = await readMask(file)
  expect(mask.classes).toEqual(data)
  expect([...centredMask(mask, 4)]).toEqual([1, 2, 3, 4, 7, 8, 9, 10, 13, 14, 15, 16, 19, 20, 21, 22])
  expect([...centredMask(mask, 2)]).toEqual([8, 10, 20, 22])
})

it('refuses colours and what is no PNG', async () => {
  const colours = encode({ width: 1, height: 1, data: new Uint8Array(3), channels: 3 })
  await expect(readMask(written('colour.png', colours))).rejects.toThrow('3 channels')
  await expect(readMask(written('text.png', Buffer.from('no')))).rejects.toThrow('cannot be read')
})

it('looks for masks beside the images', () =>
  expect(maskFile(path.join('scenes', 'images'), 'train/a b.jpg')).toBe(
    path.join('scenes', 'masks', 'train/a b.png'),
  ))
