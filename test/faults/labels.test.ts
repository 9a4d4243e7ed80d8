import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { Library } from '#app/library'
import { readCsv } from '#shared/csv'
import { labelsFile } from '#images/index/open-index'
import { indexFile } from '#platform/paths'
import { type Child, forkNode } from '#platform/processes'
import { makeImages, temporaryFolder } from '#test/helpers/runs'

/** kill -9 in the middle of labelling: what was answered is there, what was not is there whole or not at all. FAULTS sets how often. */
const kills = Number(process.env['FAULTS'] ?? 4)

it(`loses no label that was shown as saved, in ${kills} kills`, { timeout: 3_600_000 }, async () => {
  process.env['SAIM_HOME'] = temporaryFolder()
  const folder = temporaryFolder()
  await makeImages(folder, 24)
  const children: Child[] = []
  const start: typeof forkNode = (...what) => {
    const child = forkNode(...what)
    children.push(child)
    return child
  }
  const heard = { progress: () => undefined, checked: () => undefined, changed: () => undefined }
  const library = new Library(start, heard)
  await library.call('scan', folder)
  const images = async () => (await library.call('page', folder, {}, 0, 100)).images
  const ids = (await images()).map(({ id }) => id)
  const saved = new Map<number, string>()
  let [acts, killed] = [0, 0]
  while (killed < kills) {
    const timer = setTimeout(() => children.at(-1)!.kill(), 20 + Math.random() * 400)
    let under: { some: number[]; class: string } | null = null
    try {
      for (;;) {
        // Every second act is of one image, the others of all.
        const some = acts % 2 ? ids : [ids[acts % ids.length]!]
        under = { some, class: `class ${acts++}` }
        await library.call('label', folder, some, { class: under.class })
        for (const id of some) saved.set(id, under.class)
      }
    } catch (error) {
      expect(error).toMatchObject({ code: 'worker-died' })
      killed++
    } finally {
      clearTimeout(timer)
    }
    const found = await images()
    const isDone = found.some((image) => image.class === under!.class)
    for (const { id, class: name } of found) {
      const expected = isDone && under!.some.includes(id) ? under!.class : saved.get(id)
      if (expected) expect(name).toBe(expected)
      if (isDone && under!.some.includes(id)) saved.set(id, under!.class)
    }
    // The table is one that was written whole.
    if (saved.size) {
      const [head, ...rows] = readCsv(readFileSync(labelsFile(indexFile(folder)), 'utf8'))
      expect(head).toEqual(['path', 'class', 'tags'])
      expect(rows.every((row) => row.length === 3)).toBe(true)
    }
  }
  console.log(`${acts} acts, ${killed} kills`)
  library.close()
})
