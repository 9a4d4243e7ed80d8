/**
 * Makes resources/sample-images from the npm package emoji-datasource-google, unpacked in the folder named as
 * argument: `npm pack emoji-datasource-google@16.0.0`, `tar xzf` it, `node build/sample-images.mjs package`.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'

const source = process.argv[2]
const target = 'resources/sample-images'
const imagesPerClass = 64

/** Class folder -> does an emoji of this category and subcategory belong to it? */
const classes = {
  animals: (category, sub) => sub.startsWith('animal-'),
  clothing: (category, sub) => sub === 'clothing',
  faces: (category, sub) => sub.startsWith('face-'),
  flags: (category, sub) => sub === 'country-flag',
  food: (category, sub) => sub.startsWith('food-') || sub === 'drink',
  people: (category, sub) => sub === 'person-role' || sub === 'person-activity',
  signs: (category, sub) => category === 'Symbols' && sub !== 'gender',
  vehicles: (category, sub) => sub.startsWith('transport-') && sub !== 'transport-sign',
}

const emoji = JSON.parse(readFileSync(path.join(source, 'emoji.json'), 'utf8'))
rmSync(target, { recursive: true, force: true })
for (const [name, belongs] of Object.entries(classes)) {
  const members = emoji.filter((e) => e.has_img_google && belongs(e.category, e.subcategory))
  const count = Math.min(members.length, imagesPerClass)
  mkdirSync(path.join(target, name), { recursive: true })
  for (let i = 0; i < count; i++) {
    const { image, short_name } = members[Math.floor((i * members.length) / count)]
    copyFileSync(path.join(source, 'img/google/64', image), path.join(target, name, `${short_name}.png`))
  }
  console.log(`${name}: ${count} of ${members.length}`)
}
