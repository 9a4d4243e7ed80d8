import { spawn } from 'node:child_process'

/** A program that is ended and started again at will, one at a time. */
export class Restarted {
  onOutput = () => undefined
  /** The program ended by itself. */
  onEnd = () => undefined
  #child = null
  #turn = Promise.resolve()

  constructor(program, parameters, env = {}) {
    this.start = () =>
      spawn(program, parameters, {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: process.platform !== 'win32', // Ctrl-C is ours to hand on, once
      })
  }

  restart() {
    this.#turn = this.#turn.then(async () => {
      await this.#stop()
      const child = (this.#child = this.start())
      child.stdout.on('data', (chunk) => this.onOutput(String(chunk)))
      child.on('exit', (code) => child === this.#child && this.onEnd(code ?? 1))
    })
  }

  end() {
    return (this.#turn = this.#turn.then(() => this.#stop()))
  }

  async #stop() {
    const child = this.#child
    this.#child = null
    if (!child || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGINT')
    await ended
  }
}
