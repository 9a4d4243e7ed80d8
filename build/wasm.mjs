import asc from 'assemblyscript/asc'
import { readFileSync } from 'node:fs'
import path from 'node:path'

const options = ['-O3', '--runtime', 'stub', '--noAssert', '--enable', 'simd', '--importMemory']

/** What is imported with `?wasm` becomes WebAssembly in base64; sources in AssemblyScript (src-wasm) are compiled. */
export const wasm = {
  name: 'wasm',
  enforce: 'pre',
  async load(id) {
    const [file, query] = id.split('?')
    if (query !== 'wasm') return
    const bytes = file.endsWith('.ts') ? await compile(file) : readFileSync(file)
    return `export default '${Buffer.from(bytes).toString('base64')}'`
  },
}

async function compile(file) {
  let bytes
  const source = path.relative(process.cwd(), file)
  const { error, stderr } = await asc.main([source, '--outFile', 'out.wasm', ...options], {
    writeFile: (_name, contents) => void (bytes = contents),
  })
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`)
  return bytes
}
