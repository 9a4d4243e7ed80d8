import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it, vi } from 'vitest'
import { said } from '#test/helpers/hosts'
import { temporaryFolder } from '#test/helpers/runs'

it.runIf(process.platform === 'linux')(
  'opens the browser with a file of the person, not with the token',
  async () => {
    const [bin, home] = [temporaryFolder(), path.join(temporaryFolder(), 'home')]
    const opened = path.join(bin, 'opened')
    writeFileSync(
      path.join(bin, 'xdg-open'),
      `#!/bin/sh\necho "$@" > ${opened}.tmp; mv ${opened}.tmp ${opened}`,
    )
    chmodSync(path.join(bin, 'xdg-open'), 0o755)
    mkdirSync(path.join(bin, 'images'))
    const server = spawn('node', ['out/main/cli.js', 'serve', '--open', '--root', path.join(bin, 'images')], {
      env: { ...process.env, SAIM_HOME: home, PATH: `${bin}:${process.env['PATH']}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => server.on('exit', resolve))
    try {
      const url = await said(server, /http:\S+/)
      const token = new URL(url).searchParams.get('token')!
      await vi.waitFor(() => expect(existsSync(opened)).toBe(true), 10_000)
      const page = readFileSync(opened, 'utf8').trim()
      expect(page).not.toContain(token)
      expect(statSync(page).mode & 0o777).toBe(0o600)
      expect(statSync(home).mode & 0o777).toBe(0o700)
      expect(readFileSync(page, 'utf8')).toContain(`url=${url}"`)
      server.kill('SIGTERM')
      expect(await ended).toBe(0)
      expect(existsSync(page)).toBe(false)
    } finally {
      server.kill('SIGKILL')
    }
  },
)
