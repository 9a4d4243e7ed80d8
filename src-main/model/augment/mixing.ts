import * as tf from '#model/tensor/tf'

export interface MixingSettings {
  /** Parameters α of the distributions Beta(α, α) from which shares are drawn; 0 turns the kind off. */
  mixup: number
  cutmix: number
}

/** How each image of a batch is mixed with its counterpart from the other end. */
export interface Mixing {
  /** [S, S]: the image's own share at each pixel. */
  mask: Float32Array
  /** The image's own share as a whole; its counterpart has the rest. */
  share: number
}

/** How many uniform numbers a batch's mixing takes. */
export const mixingDraws = 3 + 2 * 128

/**
 * Draws the mixing of a batch of images of side S: mixup (Zhang et al.) or cutmix (Yun et al.), each every second time
 * where both are on, as timm does for a whole batch. u: `mixingDraws` uniform numbers.
 */
export function drawMixing(s: MixingSettings, size: number, u: ArrayLike<number>): Mixing {
  const cut = s.cutmix > 0 && (s.mixup === 0 || u[0]! < 0.5)
  const alpha = cut ? s.cutmix : s.mixup
  if (alpha === 0) return mixup(1, size)
  const share = beta(alpha, Array.from(u).slice(3))
  return cut ? cutmix(share, size, Math.floor(u[1]! * size), Math.floor(u[2]! * size)) : mixup(share, size)
}

/** The same share everywhere. */
export const mixup = (share: number, size: number): Mixing => ({
  mask: new Float32Array(size * size).fill(share),
  share,
})

/** The counterpart in a box around (row, column) of the size of its share, cut at the border. */
export function cutmix(share: number, size: number, row: number, column: number): Mixing {
  const half = Math.floor(Math.trunc(size * Math.sqrt(1 - share)) / 2)
  const clamp = (v: number) => Math.min(Math.max(v, 0), size)
  const [top, bottom, left, right] = [row - half, row + half, column - half, column + half].map(clamp) as [
    number,
    number,
    number,
    number,
  ]
  const mask = new Float32Array(size * size).fill(1)
  for (let y = top; y < bottom; y++) mask.fill(0, y * size + left, y * size + right)
  return { mask, share: 1 - ((bottom - top) * (right - left)) / size ** 2 }
}

/** A number of Beta(α, α), by Jöhnk's method from pairs of uniform numbers; α up to 2. */
function beta(alpha: number, u: ArrayLike<number>): number {
  for (let i = 0; i + 1 < u.length; i += 2) {
    const [x, y] = [u[i]! ** (1 / alpha), u[i + 1]! ** (1 / alpha)]
    if (x + y > 0 && x + y <= 1) return x / (x + y)
  }
  return 0.5
}

/** Each image mixed with its counterpart. images [B, S, S, 3], mask [S, S]. */
export function mixImages(images: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const batch = images.shape[0]!
  const backwards = Int32Array.from({ length: batch }, (_, i) => batch - 1 - i)
  const counterparts = tf.gather(images, tf.tensor1d(backwards, 'int32'))
  const own = mask.expandDims(2)
  return images.mul(own).add(counterparts.mul(tf.sub(1, own)))
}

/** Targets [B, classes] of labels [B] with label smoothing, mixed as the images are. */
export function mixedTargets(
  labels: ArrayLike<number>,
  classes: number,
  { smoothing, share }: { smoothing: number; share: number },
): Float32Array {
  const batch = labels.length
  const targets = new Float32Array(batch * classes).fill(smoothing / classes)
  for (let i = 0; i < batch; i++) {
    targets[i * classes + labels[i]!]! += (1 - smoothing) * share
    targets[i * classes + labels[batch - 1 - i]!]! += (1 - smoothing) * (1 - share)
  }
  return targets
}

/** Mean over the batch of -Σ target log softmax(logits). Both [B, classes]. */
export const crossEntropy = (logits: tf.Tensor, targets: tf.Tensor): tf.Scalar =>
  tf.logSoftmax(logits).mul(targets).sum(1).mean().neg() as tf.Scalar
