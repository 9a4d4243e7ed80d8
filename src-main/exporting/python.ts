import { spawn } from 'node:child_process'
import { buffer, text } from 'node:stream/consumers'
import type { Hyperparameters } from '../../src-shared/hyperparameters'
import type { NamedTensorData } from '../ops/step'
import { interpreter } from '../python'
import { patchCount } from '../saim/order'
import { featureNames } from './features'
import { sizeOf } from '../ops/step'

/**
 * Loads the example.py of an export and gives its features: pixels on standard input, a line with the libraries'
 * versions and then the features as float32 on standard output.
 */
const program = `
import importlib.util, os, sys
answer = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)
folder, count, size, names = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].split()
try:
    import numpy
    spec = importlib.util.spec_from_file_location("example", os.path.join(folder, "example.py"))
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
except ImportError as error:
    answer.write(("missing " + str(error.name) + "\\n").encode())
    sys.exit()
images = numpy.frombuffer(sys.stdin.buffer.read(), "<f4").reshape(count, 3, size, size).copy()
features = example.features(images)
libraries = [name for name in ("timm", "transformers", "onnxruntime", "torch") if name in sys.modules]
answer.write((", ".join(f"{name} {sys.modules[name].__version__}" for name in libraries) + "\\n").encode())
for name in names:
    answer.write(numpy.ascontiguousarray(features[name], "<f4").tobytes())
`

/**
 * Features by the export's own example.py in the person's Python (SAIM_PYTHON, else python3), or why there are none.
 * pixels [count, 3, S, S].
 */
export async function pythonFeatures(
  folder: string,
  h: Hyperparameters,
  pixels: Float32Array,
): Promise<{ library: string; features: NamedTensorData } | { reason: string }> {
  const count = pixels.length / (3 * h.imageSize ** 2)
  const parameters = ['-B', '-c', program, folder, String(count), String(h.imageSize), featureNames.join(' ')]
  const child = spawn(interpreter(), parameters, { stdio: ['pipe', 'pipe', 'pipe'] })
  const started = await new Promise<boolean>((resolve) => {
    child.once('spawn', () => resolve(true)).once('error', () => resolve(false))
  })
  if (!started) return { reason: `there is no ${interpreter()} here` }
  child.stdin.on('error', () => undefined) // it ended before it read all
  child.stdin.end(Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength))
  const [answer, complaints] = await Promise.all([buffer(child.stdout), text(child.stderr)])
  const end = answer.indexOf('\n')
  const library = answer.toString('utf8', 0, Math.max(end, 0))
  if (library.startsWith('missing ')) return { reason: `${interpreter()} has no ${library.slice(8)}` }
  if (end < 0) return { reason: complaints.trim().split('\n').at(-1) || 'it ended without a word' }

  const values = new Float32Array(
    answer.buffer.slice(answer.byteOffset + end + 1, answer.byteOffset + answer.length),
  )
  const features: NamedTensorData = {}
  let place = 0
  for (const [name, shape] of Object.entries(featureShapes(h, count))) {
    features[name] = { shape, values: values.slice(place, place + sizeOf(shape)) }
    place += sizeOf(shape)
  }
  return { library, features }
}

const featureShapes = (h: Hyperparameters, count: number) => ({
  class_token: [count, h.width],
  pooled: [count, h.width],
  patches: [count, patchCount(h), h.width],
})
