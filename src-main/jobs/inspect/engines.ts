import type { Engine } from '#engine/engine'
import { createEngine } from '#engine/engines'

/** Engines by their names, each made once; the CPU instead of what this machine has no more. */
export function enginesBeside(cpu: Engine): (id: string) => Promise<Engine> {
  const made = new Map<string, Promise<Engine>>()
  return (id) => {
    const known = made.get(id) ?? createEngine(id, { threads: 0 }).catch(() => cpu)
    made.set(id, known)
    return known
  }
}
