import asc from 'assemblyscript/asc'
import path from 'node:path'

const options = ['-O3', '--runtime', 'stub', '--noAssert', '--enable', 'simd', '--importMemory']

/** Sources in AssemblyScript that are imported with `?wasm` become WebAssembly in base64. */
export const wasm = {
  name: 'wasm',
  enforce: 'pre',
  async load(id) {
    const [file, query] = id.split('?')
    if (query === 'wasm') return `export default '${Buffer.from(await compile(file)).toString('base64')}'`
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
