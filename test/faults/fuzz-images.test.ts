import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { centred, loadCrops } from '#images/crops'
import { Decoders } from '#images/decode/decoders'
import { thumbnail } from '#images/decode/decode'
import { explain } from '#images/decode/explain'
import { readHeader } from '#images/decode/header'
import { readMask } from '#images/masks'
import { imageNetStatistics } from '#shared/image-net'
import { chance, rounds } from '#test/helpers/fuzz'
import { temporaryFolder } from '#test/helpers/runs'

/** Images of every kind, damaged at random: each is decoded or refused in words, before the deadline, and nothing crashes. */
const random = chance('fuzz-images')
const samples = 'test/fixtures/pixels'
const names = readdirSync(samples).filter((name) => name !== 'pillow.json')
const originals = new Map(names.map((name) => [name, readFileSync(path.join(samples, name))]))
const folder = temporaryFolder()
const decoders = new Decoders(2, imageNetStatistics)
const deadline = 20_000
const counts = { mutated: 0, decoded: 0, refusedByScan: 0, refusedByDecoder: 0, slowest: 0 }
afterAll(async () => {
  await decoders.close()
  console.log('fuzz-images:', JSON.stringify(counts))
})

const extremes = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff]

/** One way to break a file; most breaks hit its first bytes, where what is said of the rest stands. */
function broken(bytes: Buffer): Buffer {
  if (bytes.length === 0) return random.bytes(random.below(40))
  const at = random.below(random.below(3) ? Math.min(bytes.length, 200) : bytes.length)
  const changed = Buffer.from(bytes)
  switch (random.below(8)) {
    case 0:
      return bytes.subarray(0, at)
    case 1:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(30)), bytes.subarray(at)])
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(30))])
    case 3:
      return Buffer.concat([bytes, bytes.subarray(at)])
    case 4:
      random.bytes(1 + random.below(16)).copy(changed, at)
      return changed
    case 5: {
      const value = random.pick(extremes)
      const each = Math.min(bytes.length - at, value > 0xffff ? 4 : value > 0xff ? 2 : 1)
      if (random.below(2)) changed.writeUIntLE(value % 256 ** each, at, each)
      else changed.writeUIntBE(value % 256 ** each, at, each)
      return changed
    }
    case 6:
      return Buffer.concat([originals.get(random.pick(names))!.subarray(0, at), bytes.subarray(at)])
    default:
      changed[at]! ^= 1 << random.below(8)
      return changed
  }
}

/** What becomes of a file: its pixels' shape is right, or why it has none. */
async function outcome(file: string): Promise<string | null> {
  const header = await readHeader(file).catch((error: unknown) => explain(error, file))
  if (typeof header === 'string') {
    counts.refusedByScan++
    return header
  }
  expect(header.width * header.height).toBeGreaterThan(0)
  const image = { ...header, path: path.basename(file), bytes: 0, class: null, split: 'train' as const }
  const { reasons, pixels } = await loadCrops(decoders, folder, [image], random.pick([8, 32]), centred)
  if (reasons[0] == null) {
    counts.decoded++
    expect(pixels.every(Number.isFinite)).toBe(true)
    await thumbnail(file, 64)
  } else counts.refusedByDecoder++
  return reasons[0]!
}

async function mask(file: string): Promise<void> {
  await readMask(file).catch((error: unknown) => expect(error).toMatchObject({ code: 'image-unreadable' }))
}

it('is decoded or refused in words', { timeout: 24 * 3600_000 }, async () => {
  for (let round = 0; round < rounds(300); round++) {
    const name = random.pick(names)
    let bytes: Buffer = originals.get(name)!
    for (let times = 1 + random.below(3); times > 0; times--) bytes = broken(bytes)
    const file = path.join(folder, `broken${path.extname(name)}`)
    writeFileSync(file, bytes)
    const began = performance.now()
    let timer: NodeJS.Timeout
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`Round ${round}: no answer about ${file}`)), deadline)
    })
    const reason = await Promise.race([outcome(file), late])
    if (name.endsWith('.png')) await Promise.race([mask(file), late])
    clearTimeout(timer!)
    counts.mutated++
    counts.slowest = Math.max(counts.slowest, Math.round(performance.now() - began))
    if (reason === null) continue
    expect(reason, file).toMatch(/^[\w“].{3,}/)
    expect(reason, file).not.toMatch(/undefined|\[object|ERR_|value of|is not a function|Cannot read|\n/)
  }
})
