import { spawn } from 'node:child_process'
import { homedir } from 'node:os'
import path from 'node:path'
import { serve as startServer } from '../serve'

/** `saim serve`: the application in a browser. Ctrl-C pauses what is being trained and ends. */
export async function serve(options: { port: number; root?: string[]; open?: boolean }): Promise<void> {
  const roots = (options.root ?? [homedir()]).map((root) => path.resolve(root))
  const { url, close } = await startServer({ port: options.port, roots })
  console.log(`SAIM Studio: ${url}`)
  console.log(`Folders that may be used: ${roots.join(', ')}. Ctrl-C ends.`)
  if (options.open) openBrowser(url)
  const end = () => {
    console.log('\nSaving and ending ...')
    void close().then(() => process.exit(0))
  }
  process.once('SIGINT', end).once('SIGTERM', end)
}

function openBrowser(url: string): void {
  const [command, ...parameters] =
    process.platform === 'win32'
      ? ['cmd', '/c', 'start', '']
      : [process.platform === 'darwin' ? 'open' : 'xdg-open']
  spawn(command!, [...parameters, url], { stdio: 'ignore', detached: true })
    .on('error', () => undefined) // no browser: the address stands on the terminal
    .unref()
}
