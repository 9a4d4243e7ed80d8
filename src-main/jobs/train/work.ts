import { type Hyperparameters } from '#shared/settings/hyperparameters'
import type { PartPlan } from '#engine/split/parts'
import { objectiveOf } from '#model/objectives/index'

/** Operations of a linear layer, forward; times two more for the gradients of its weights and of what goes in. */
const linear = (tokens: number, from: number, to: number) => 2 * tokens * from * to

/** Of a block: queries, keys, values and what is mixed of them, an MLP of width 4C, and the two products of attention. */
const block = (tokens: number, width: number) => 24 * tokens * width ** 2 + 4 * tokens ** 2 * width

/**
 * Floating-point operations of the matrix products that training makes of an image: forward, and twice as many backward. Products
 * that a batch has in common are left out. The traced graph has as many (test/integration/work.test.ts).
 */
export function flopsPerImage(h: Hyperparameters): number {
  const { stacks, linears } = objectiveOf(h).estimate(h)
  const [seen] = stacks
  const pixels = h.patchSize ** 2 * 3
  const sum = (all: number[]) => all.reduce((a, b) => a + b, 0)
  const blocks = sum(stacks.map(({ blocks, tokens, width }) => blocks * block(tokens, width)))
  return (
    (h.gradientCheckpointing ? 4 : 3) * blocks +
    3 * sum(linears.map((sizes) => linear(...sizes))) +
    // Patches need no gradient.
    2 * linear(seen!.tokens, pixels, h.width) +
    // The target is blurred by rows and by columns.
    (h.blurSize ? 2 * linear(3 * h.imageSize, h.imageSize, h.imageSize) : 0)
  )
}

/**
 * Bytes of training: weights, moments and gradients in two buffers, what other lanes have of weights and gradients, and what the
 * blocks keep of a part's images for the backward pass: with gradient checkpointing what goes into a block, and all of one.
 */
export function trainingBytes(
  h: Hyperparameters,
  parameters: number,
  { size, lanes }: Pick<PartPlan, 'size' | 'lanes'>,
): number {
  const { stacks } = objectiveOf(h).estimate(h)
  const activations = stacks.map(({ blocks, tokens, width, heads }, i) => {
    const input = tokens * width
    const block = 22 * input + 2 * heads * tokens ** 2
    const whole = (h.gradientCheckpointing ? 1 : blocks) + (i === stacks.length - 1 ? 1 : 0)
    return whole * block + (h.gradientCheckpointing ? blocks * input : 0)
  })
  return parameters * 4 * (8 + 5 * (lanes - 1)) + lanes * size * activations.reduce((a, b) => a + b) * 4
}
