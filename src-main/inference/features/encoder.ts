import type { Hyperparameters } from '#shared/settings/hyperparameters'
import type { Engine } from '#engine/engine'
import type { NamedTensorData, StepFunction } from '#model/tensor/step'
import { encode } from '#model/vit/encoder'

/** A checkpoint's encoder, ready for batches of one size. */
export interface Encoder {
  /** images [B, S, S, 3], normalised -> features of each image, [B, C] row-major. */
  encode(images: Float32Array): Promise<Features>
  dispose(): Promise<void>
}

export interface Features {
  classToken: Float32Array
  /** Mean of the patch tokens. */
  pooled: Float32Array
}

/** Compiles the encoder of `weights` up to block `layer` (the last where none is named), every token visible. */
export async function openEncoder(
  engine: Engine,
  h: Hyperparameters,
  weights: NamedTensorData,
  { batch, layer = h.depth - 1 }: { batch: number; layer?: number },
): Promise<Encoder> {
  const state = engine.createState(weights)
  const images = { shape: [batch, h.imageSize, h.imageSize, 3], dtype: 'float32' as const }
  const program = await engine.compile(featuresStep(h, layer), state, { images })
  return {
    async encode(pixels) {
      const { classToken, pooled } = await program.run({ images: pixels })
      return { classToken: classToken!.values, pooled: pooled!.values } as Features
    },
    async dispose() {
      await program.dispose()
      state.dispose()
    },
  }
}

/** The class token and the mean of the patch tokens after a block. */
export const featuresStep =
  (h: Hyperparameters, layer: number): StepFunction =>
  (w, { images }) => {
    const tokens = encode(w, h, images!)[layer]! // [B, 1+N, C]
    const classToken = tokens.slice([0, 0, 0], [-1, 1, -1]).reshape([-1, h.width])
    return { outputs: { classToken, pooled: tokens.slice([0, 1, 0], [-1, -1, -1]).mean(1) } }
  }
