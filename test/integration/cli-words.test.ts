import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Metric, Run } from '#shared/contract'
import { readCsv } from '#shared/csv'
import { saim, temporaryFolder } from '#test/helpers/runs'

describe('numbers of flags', () => {
  it.each([
    [['train', '--threads', 'two'], /--threads.*“two” is not a number/],
    [['sweep', '--vary', 'base-learning-rate=0,0002'], /baseLearningRate: “0002” is not a number/],
  ])('%j is refused before anything is done', async (parameters, words) => {
    const home = path.join(temporaryFolder(), 'home')
    const { code, output } = await saim(parameters, home)
    expect(output).toMatch(words)
    expect(output).not.toMatch(/\n\s+at /)
    expect(code).toBe(2)
    expect(existsSync(path.join(home, 'runs'))).toBe(false)
  })
})

describe('what a command cannot write is told before its work', () => {
  const file = path.join(temporaryFolder(), 'a file')
  writeFileSync(file, '')
  it.each([
    ['predict', ['predict', 'none', '--with', 'none', '--output', `${file}/p.csv`], /a file is a file/, 3],
    ['embed', ['embed', 'none', '--out', `${file}/new`], /a file is a file/, 3],
    ['train', ['train', '--runs', `${file}/runs`], /a file is a file/, 3],
    ['runs', ['runs', '--runs', file], /is a file, or leads through one/, 1],
  ])('%s', async (_, parameters, words, wrong) => {
    const { code, output } = await saim(parameters, temporaryFolder())
    expect(output).toMatch(words)
    expect(output).not.toMatch(/E[A-Z]{4,}|\n\s+at /)
    expect(code).toBe(wrong)
  })

  it('a home whose name is too long', async () => {
    const { code, output } = await saim(['train'], path.join(temporaryFolder(), 'x'.repeat(300)))
    expect(output).toMatch(/^Error: The name x{40}…x{10} is too long\.\n/)
    expect(code).toBe(1)
  })
})

describe('saim runs', () => {
  const home = temporaryFolder()
  mkdirSync(path.join(home, 'runs'))
  cpSync('test/fixtures/run-0.1', path.join(home, 'runs', 'a-run-20261128-132742-agl3'), { recursive: true })
  const shell = (command: string) =>
    spawnSync('bash', ['-c', command], {
      env: { ...process.env, SAIM_HOME: home, TZ: 'Asia/Tokyo' },
      encoding: 'utf8',
    })

  it('shows names, and times of this machine', () => {
    const { stdout } = shell('node out/main/cli.js runs')
    expect(stdout).toMatch(/created.*name.*id.*status.*step/)
    expect(stdout).toMatch(/2026-11-28 22:27 {2,}a run {2,}a-run-20261128-132742-agl3 /) // 13:27 in UTC
  })

  it('answers in JSON, and says what is wrong in JSON', () => {
    const [run] = JSON.parse(shell('node out/main/cli.js runs --json').stdout) as Run[]
    expect(run).toMatchObject({ id: 'a-run-20261128-132742-agl3', name: 'a run', status: 'finished' })
    const missing = shell('node out/main/cli.js knn nobody --json')
    expect(JSON.parse(missing.stdout)).toMatchObject({ error: { code: 'run-missing' } })
    expect(missing.stderr).toMatch(/^Error: There is no run "nobody"/)
    expect(missing.status).toBe(3)
    const misused = shell('node out/main/cli.js runs --json --wide')
    expect(JSON.parse(misused.stdout)).toMatchObject({
      error: { code: 'bad-settings', message: expect.stringMatching(/^unknown option '--wide'/) },
    })
    expect(misused.stderr).toMatch(/^error: unknown option/)
    expect(misused.status).toBe(2)
  })

  it('gives the metrics of a run as CSV and as JSON', () => {
    const { stdout } = shell('node out/main/cli.js metrics "a run"')
    const [names, first] = readCsv(stdout) as [string[], string[]]
    const [metric] = JSON.parse(shell('node out/main/cli.js metrics "a run" --json').stdout) as Metric[]
    expect(Number(first[names.indexOf('loss')])).toBe(metric!.loss)
    expect(first[names.indexOf('validationLoss')]).toBe(String(metric!.validationLoss ?? ''))
  })

  it('ends quietly where nobody reads on', () => {
    const { stdout, stderr } = shell('node out/main/cli.js runs | true; echo "${PIPESTATUS[0]}"')
    expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' })
  })

  it.runIf(existsSync('/dev/full'))('says where its output has no room', () => {
    const { status, stderr } = shell('node out/main/cli.js runs > /dev/full')
    expect(stderr).toBe('Error: The disk is full.\nFree some space, then try again.\n')
    expect(status).toBe(5)
  })
})
