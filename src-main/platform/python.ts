import type { ChildProcess, StdioOptions } from 'node:child_process'
import { environment } from './environment'
import { startProgram } from './programs'

/** The person's Python: SAIM_PYTHON, else the one on the path. */
export const interpreter = () => environment.python() ?? (process.platform === 'win32' ? 'python' : 'python3')

/** A program whose parent was killed would compute on for nobody. */
const endWithParent = `
import os, threading, time
def end_with_parent(parent=os.getppid()):
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
threading.Thread(target=end_with_parent, daemon=True).start()
`

/** Starts Python code, which imports nothing from the folder that it is started in; `parameters` are sys.argv[1:]. */
export const startPython = (
  code: string,
  parameters: string[] = [],
  {
    stdio = ['ignore', 'pipe', 'pipe'],
    env = {},
    program = interpreter(),
  }: { stdio?: StdioOptions; env?: Record<string, string>; program?: string } = {},
): ChildProcess =>
  startProgram(program, ['-B', '-c', endWithParent + code, ...parameters], {
    stdio,
    env: { PYTHONSAFEPATH: '1', ...env }, // from Python 3.11 on; older ones have the folder alone to go by
  })

/** Code that runs a program in a file with the modules beside it; its parameters are the file and those of the program. */
export const file = `
import os, runpy, sys
del sys.argv[0]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
`

/** Code that runs pip; its parameters are those of pip. */
export const pip = `
import runpy
runpy.run_module("pip", run_name="__main__", alter_sys=True)
`
