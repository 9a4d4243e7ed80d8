/**
 * Preloaded by soak.ts into each process and thread: every few seconds collects garbage and appends a line to the file
 * MEMORY_LOG. Sizes in bytes.
 */
import { appendFileSync } from 'node:fs'
import path from 'node:path'
import { getHeapStatistics } from 'node:v8'
import { threadId } from 'node:worker_threads'

setInterval(() => {
  globalThis.gc()
  const { used_heap_size: heap, total_physical_size: held } = getHeapStatistics()
  const sample = {
    at: Date.now(),
    program: path.basename(process.argv[1]),
    pid: process.pid,
    thread: threadId,
    heap,
    free: held - heap,
    resident: process.memoryUsage.rss(),
  }
  appendFileSync(process.env.MEMORY_LOG, `${JSON.stringify(sample)}\n`)
}, 3000).unref()
