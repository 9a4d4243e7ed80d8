import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { runPaths } from '#storage/run/run-folder'
import { saim, temporaryFolder } from '#test/helpers/runs'

const runs = temporaryFolder()

it.runIf(process.platform !== 'win32')('more runs than files can be opened are all listed', () => {
  for (let i = 0; i < 300; i++) {
    const folder = path.join(runs, `run-${i}`)
    mkdirSync(folder)
    for (const name of ['run.json', 'metrics.jsonl'])
      cpSync(`test/fixtures/run-0.1/${name}`, path.join(folder, name))
  }
  const command = `ulimit -n 64; exec "${process.execPath}" out/main/cli.js runs --runs "${runs}"`
  const output = execFileSync('bash', ['-c', command], { encoding: 'utf8' })
  expect(output.match(/ run-\d+ /g)).toHaveLength(300)
})

it('what cannot be listed is named beside what can', async () => {
  const runs = temporaryFolder()
  for (const name of ['good', 'torn', 'My Run']) {
    mkdirSync(path.join(runs, name))
    cpSync('test/fixtures/run-0.1/run.json', runPaths(path.join(runs, name)).run)
  }
  writeFileSync(runPaths(path.join(runs, 'torn')).run, '{"format":')
  mkdirSync(path.join(runs, 'no run'))
  const { code, output } = await saim(['runs', '--runs', runs], temporaryFolder())
  expect(code).toBe(0)
  expect(output).toContain(' good ')
  expect(output).toMatch(/Left out .*torn: .*run\.json is damaged/)
  expect(output).toMatch(/Left out .*My Run: .*Rename the folder/)
  expect(output).not.toContain('no run')
})
