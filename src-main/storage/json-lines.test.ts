import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { appendLine, lineOf, readLines, readValues } from './json-lines'

const folder = mkdtempSync(path.join(tmpdir(), 'saim-lines-'))
const file = path.join(folder, 'lines.jsonl')
const schema = z.object({ name: z.string() })
const named = (name: string) => ({ name })
beforeEach(() => rmSync(file, { force: true }))
afterAll(() => rmSync(folder, { recursive: true }))

it('reads what was appended, whatever is in it', async () => {
  const values = ['a', 'line\nfeed', 'U+2028 \u2028 and \u2029', '\r\n', 'ü 🙂', ''].map(named)
  for (const value of values) appendLine(file, value)
  expect(await readValues(file, schema)).toEqual(values)
})

it('has nothing where there is no file', async () => {
  expect(await readValues(file, schema)).toEqual([])
  expect(await readLines(file)).toBeNull()
})

it('leaves out a line that was not written to its end, and what is damaged', async () => {
  writeFileSync(file, ['a', 'b', 'c'].map((name) => lineOf(named(name))).join(''))
  appendFileSync(file, lineOf(named('d')).slice(0, -5))
  writeFileSync(file, readFileSync(file, 'utf8').replace('"b"', '"x"'))
  expect(await readValues(file, schema)).toEqual(['a', 'c'].map(named))
})

it('believes lines without a checksum where they have the right form', async () => {
  writeFileSync(file, '{"name":"a"}\n{"name":1}\n\nnonsense\n{"name":"b"}\n')
  expect(await readValues(file, schema)).toEqual(['a', 'b'].map(named))
})

it('goes on from the byte where the last whole line ended', async () => {
  writeFileSync(file, `${lineOf(named('ü'))}{"name":`)
  const first = await readLines(file)
  expect(first!.lines).toHaveLength(1)
  appendFileSync(file, '"b"}\n')
  const { lines } = (await readLines(file, () => first!.nextByte))!
  expect(lines).toEqual(['{"name":"b"}'])
})
