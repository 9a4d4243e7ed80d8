import { expect, it } from 'vitest'
import { initialWeights } from '#model/objectives/index'
import { fromPreset } from '#shared/settings/hyperparameters'

it("the patch embedding's bias begins as that of PyTorch's convolutions, other biases at 0", () => {
  const weights = initialWeights(fromPreset('small'), 3, (name) => /^patch_embed|^blocks.0.attn.q/.test(name))
  const bias = Array.from(weights['patch_embed.proj.bias']!.values)
  const bound = 1 / Math.sqrt(3 * 16 * 16)
  expect(Math.max(...bias.map(Math.abs))).toBeLessThan(bound)
  // Uniform numbers of (-b, b) have variance b² / 3.
  expect(bias.reduce((sum, x) => sum + x * x, 0) / bias.length / (bound ** 2 / 3)).toBeCloseTo(1, 0)
  expect(weights['blocks.0.attn.q.bias']!.values.every((x) => x === 0)).toBe(true)
})
