import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { Command, Option } from 'commander'
import type { Place } from '#server/listen'
import { outliveErrors } from '#platform/background'
import { dataFolder, neutralFolder } from '#platform/paths'
import { answers, lines, say } from '#cli/support/answer'
import { fail } from '#cli/support/ending'
import { whole } from '#cli/support/options'
import { serve as startServer } from '#server/serve'

export const serveCommand = answers(
  new Command('serve')
    .description('the application in a browser; without a certificate it listens to this machine only')
    .option('--host <address>', 'the name or address to listen at; 0.0.0.0 is all of them', '127.0.0.1')
    .addOption(new Option('--port <n>', 'the port; 0 takes any').default(0).argParser(whole(0, 65535)))
    .option('--cert <file>', 'certificate for https, in PEM form')
    .option('--key <file>', 'its private key')
    .option('--root <folder...>', 'folders that the browser may see; without it, your home folder')
    .option('--open', 'open the browser'),
  serve,
  ({ url, fingerprint, roots }) =>
    lines(
      `SAIM Studio: ${url}`,
      // As openssl and browsers write it, so that people can compare.
      fingerprint && `Its certificate (SHA-256): ${fingerprint.toUpperCase().match(/../g)!.join(':')}`,
      `Folders that may be used: ${roots.join(', ')}. Ctrl-C ends.`,
    ),
)

/** `saim serve`: the application in a browser. Ctrl-C pauses what is being trained and ends. */
async function serve({ root, open, ...place }: Place & { root?: string[]; open?: boolean }) {
  const roots = (root ?? [homedir()]).map((folder) => path.resolve(folder))
  outliveErrors()
  const { url, fingerprint, close } = await startServer({ ...place, roots })
  const page = open ? await openBrowser(url) : null
  const end = () => {
    say('\nSaving and ending ...')
    if (page) rmSync(page, { force: true })
    close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    )
  }
  process.once('SIGINT', end).once('SIGTERM', end)
  return { url, fingerprint, roots }
}

/**
 * Opens a page that leads to the address, and answers its file: everyone on a machine can read what its programs are started
 * with, but only the person this file.
 */
async function openBrowser(url: string): Promise<string> {
  const page = path.join(dataFolder(), `open-${new URL(url).port}.html`)
  await rm(page, { force: true })
  const lines = [
    '<!doctype html>',
    `<meta http-equiv="refresh" content="0; url=${url}">`,
    '<title>SAIM Studio</title>',
  ]
  await writeFile(page, lines.join('\n'), { mode: 0o600, flag: 'wx' })
  const [command, ...parameters] =
    process.platform === 'win32'
      ? ['cmd', '/c', 'start', '']
      : [process.platform === 'darwin' ? 'open' : 'xdg-open']
  spawn(command!, [...parameters, page], { stdio: 'ignore', detached: true, cwd: neutralFolder() })
    .on('error', () => undefined) // no browser: the address stands on the terminal
    .unref()
  return page
}
