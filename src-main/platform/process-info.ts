import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'

/** When a process began, as Linux tells it; null elsewhere, and where there is no such process. Process ids are used again. */
export function beginOf(pid: number): string | null {
  try {
    // Field 22 of /proc/<pid>/stat, counted after the name, which may hold spaces.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

/** Whose process it is and what it was started with; null where the system does not tell. */
export async function describeProcess(pid: number): Promise<{ user: number; command: string[] } | null> {
  try {
    if (process.platform === 'win32') return null
    if (process.platform !== 'linux') return await askPs(pid)
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1)
    return { user: (await stat(`/proc/${pid}`)).uid, command }
  } catch {
    return null
  }
}

/** What ps says: the words of its command line, since it does not tell where a parameter ends. */
const askPs = (pid: number): Promise<{ user: number; command: string[] }> =>
  new Promise((resolve, reject) =>
    execFile('ps', ['-ww', '-o', 'uid=,command=', '-p', String(pid)], (error, output) => {
      if (error) return reject(error)
      const [user, ...command] = output.trim().split(/\s+/)
      resolve({ user: Number(user), command })
    }),
  )
