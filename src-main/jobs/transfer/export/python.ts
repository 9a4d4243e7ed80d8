import path from 'node:path'
import { type NamedTensorData, sizeOf } from '#model/tensor/step'
import { outputOf } from '#platform/programs'
import { interpreter, startPython } from '#platform/python'
import type { ImageModel } from '#inference/image-model'

/**
 * Loads the example.py of an export and gives the outputs of its `features` or `classify`: pixels on standard input, a
 * line with the libraries' versions and then the outputs as float32 on standard output.
 */
const program = `
import atexit, os, sys
answer = os.fdopen(os.dup(1), "wb")
atexit.register(answer.close)
os.dup2(2, 1)
folder, count, size, names = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].split()
try:
    import numpy
    sys.path.insert(0, folder)
    import example
except ImportError as error:
    answer.write(("missing " + str(error.name) + "\\n").encode())
    sys.exit()
images = numpy.frombuffer(sys.stdin.buffer.read(), "<f4").reshape(count, 3, size, size).copy()
outputs = (getattr(example, "classify", None) or example.features)(images)
libraries = [name for name in ("timm", "transformers", "onnxruntime", "torch") if name in sys.modules]
answer.write((", ".join(f"{name} {sys.modules[name].__version__}" for name in libraries) + "\\n").encode())
for name in names:
    answer.write(numpy.ascontiguousarray(outputs[name], "<f4").tobytes())
`

/**
 * Outputs by the export's own example.py in the person's Python (SAIM_PYTHON, else python3), or why there are none.
 * pixels [count, 3, S, S].
 */
export async function pythonOutputs(
  folder: string,
  { imageSize: size, outputs: shapes }: ImageModel,
  pixels: Float32Array,
): Promise<{ library: string; outputs: NamedTensorData } | { reason: string }> {
  const count = pixels.length / (3 * size ** 2)
  const names = Object.keys(shapes).join(' ')
  const parameters = [path.resolve(folder), String(count), String(size), names]
  const child = startPython(program, parameters, { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin!.on('error', () => undefined) // it ended before it read all
  child.stdin!.end(Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength))
  const ended = await outputOf(child).catch(() => null)
  if (!ended) return { reason: `there is no ${interpreter()} here` }
  const { output: answer, errors: complaints } = ended
  const end = answer.indexOf('\n')
  const library = answer.toString('utf8', 0, Math.max(end, 0))
  if (library.startsWith('missing ')) return { reason: `${interpreter()} has no ${library.slice(8)}` }
  if (end < 0) return { reason: complaints.trim().split('\n').at(-1) || 'it ended unexpectedly' }

  const values = new Float32Array(
    answer.buffer.slice(answer.byteOffset + end + 1, answer.byteOffset + answer.length),
  )
  const outputs: NamedTensorData = {}
  let place = 0
  for (const [name, ofOne] of Object.entries(shapes)) {
    const shape = [count, ...ofOne]
    outputs[name] = { shape, values: values.slice(place, place + sizeOf(shape)) }
    place += sizeOf(shape)
  }
  return { library, outputs }
}
