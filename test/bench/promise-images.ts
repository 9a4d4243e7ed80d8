import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { purposes, uniforms } from '#shared/random'

/** A number from 0 to 255 that depends on a picture's name alone. */
export const digestOf = (name: string) => createHash('sha1').update(name).digest()[1]!

/** What a picture shows, whatever stands behind it: a file `<picture>~<variant>.png`, by which folds are made. */
export const pictureOf = (file: string) => path.basename(file).replace(/(~\d+)?\.png$/, '')

/** The emoji of the npm package emoji-datasource-google, unpacked, in folders of their category; those of all tones of skin once. */
function emoji(source: string, folder: string): void {
  interface Emoji {
    category: string
    image: string
    has_img_google: boolean
  }
  const all = JSON.parse(readFileSync(path.join(source, 'emoji.json'), 'utf8')) as Emoji[]
  for (const { category, image, has_img_google } of all) {
    if (category === 'Component' || !has_img_google) continue
    const target = path.join(folder, category.toLowerCase().replace(/[^a-z]+/g, '-'))
    mkdirSync(target, { recursive: true })
    copyFileSync(path.join(source, 'img/google/64', image), path.join(target, image))
  }
}

/** Classes of Tux Paint's stamps, by the beginning of their folder. Folders `cartoon` are left out; hands and some others are drawn too. */
const stampClasses = {
  birds: ['animals/birds'],
  mammals: ['animals/mammals', 'animals/marsupials'],
  'fish-and-insects': ['animals/fish', 'animals/insects', 'animals/shellfish'],
  clothes: ['clothes'],
  fruit: ['food/fruit', 'food/nuts'],
  vegetables: ['food/vegetables'],
  household: ['household'],
  plants: ['plants'],
  seasonal: ['seasonal'],
  hands: ['symbols/alphabets/asl'],
  coins: ['symbols/money'],
  vehicles: ['vehicles', 'military/vehicles'],
}
const backgrounds = 6

/**
 * Stamps, most of them photographs, of Debian's package tuxpaint-stamps-default, unpacked: each is pasted at its own place and size on six grounds of
 * smooth noise, so that neither the ground nor the place tells its class.
 */
async function stamps(source: string, folder: string): Promise<void> {
  const root = path.join(source, 'usr/share/tuxpaint/stamps')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.png') && !/cartoon|mirror|flip/.test(file))
    .sort()
  for (const [name, starts] of Object.entries(stampClasses)) {
    mkdirSync(path.join(folder, name), { recursive: true })
    for (const file of files.filter((each) => starts.some((start) => each.startsWith(`${start}/`))))
      for (let variant = 0; variant < backgrounds; variant++)
        await paste(path.join(root, file), path.join(folder, name), variant)
  }
}

async function paste(file: string, folder: string, variant: number): Promise<void> {
  const side = 64
  const name = `${path.basename(file, '.png')}~${variant}`
  const u = uniforms(
    0,
    purposes.crop,
    variant,
    createHash('sha1').update(file).digest().readUInt32LE(0),
    3 + 3 * 16,
  )
  const ground = Buffer.from(u.slice(3).map((value) => 255 * value))
  const background = sharp(ground, { raw: { width: 4, height: 4, channels: 3 } })
    .resize(side, side, { kernel: 'cubic' })
    .blur(2)
  const size = Math.round(side * (0.65 + 0.35 * u[0]!))
  const { data, info } = await sharp(file)
    .trim()
    .resize(size, size, { fit: 'inside' })
    .png()
    .toBuffer({ resolveWithObject: true })
  await background
    .composite([
      {
        input: data,
        left: Math.floor(u[1]! * (side - info.width + 1)),
        top: Math.floor(u[2]! * (side - info.height + 1)),
      },
    ])
    .png()
    .toFile(path.join(folder, `${name}.png`))
}

const sources = { emoji, stamps }
export type SourceName = keyof typeof sources

/** The folder of a set's images, which is made where it is not there yet. */
export async function imagesOf(name: SourceName, source: string, home: string): Promise<string> {
  const folder = path.join(home, name, 'images')
  if (!existsSync(folder)) {
    const unfinished = `${folder}.part`
    await sources[name](source, unfinished)
    renameSync(unfinished, folder)
  }
  return folder
}
