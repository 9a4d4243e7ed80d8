import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { saim, temporaryFolder } from '#test/helpers/runs'

const home = temporaryFolder()
mkdirSync(path.join(home, 'runs', 'cats-20261129'), { recursive: true })

/** What a shell proposes for the last word of a line. */
const proposed = {
  bash: (script: string, line: string) => {
    const words = line.split(' ')
    const ask = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _saim; printf '%s\n' "\${COMPREPLY[@]}"`
    return execFileSync('bash', ['-c', ask, 'bash', script, ...words], { encoding: 'utf8' })
  },
  fish: (script: string, line: string) =>
    execFileSync('fish', ['-c', 'source $argv[1]; complete -C $argv[2]', script, line], { encoding: 'utf8' }),
}

describe.each(['bash', 'fish'] as const)('what %s completes', (shell) => {
  const isHere = existsSync(`/usr/bin/${shell}`)
  it.runIf(isHere).each([
    ['saim tra', ['train']],
    ['saim train --pre', ['--preset', '--precision']],
    ['saim train --preset t', ['tiny']],
    ['saim engines ', ['install', 'compile', 'remove']],
    ['saim engines install --g', ['--gpu']],
    ['saim stop ca', ['cats-20261129']],
    ['saim export --format on', ['onnx']],
  ])('%s', async (line, words) => {
    const script = path.join(home, `saim.${shell}`)
    writeFileSync(script, (await saim(['completion', shell], home)).output)
    const found = proposed[shell](script, line)
      .trim()
      .split('\n')
      .map((each) => each.split('\t')[0])
    expect(found).toEqual(expect.arrayContaining(words))
    if (words[0]!.startsWith('t') || words[0]!.startsWith('onnx')) expect(found).toEqual(words)
  })
})

it.runIf(existsSync('/usr/bin/zsh'))('zsh reads what it is given', async () => {
  const script = path.join(home, 'saim.zsh')
  writeFileSync(script, (await saim(['completion', 'zsh'], home)).output)
  const { stdout, stderr } = spawnSync('zsh', ['-fc', `source ${script}; print $_comps[saim]`], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(stdout).toMatch(/_bash_complete.* -F _saim/)
})
