import type { OrderChoice } from '#shared/contract'
import { type Hyperparameters, patchCount } from '#shared/settings/hyperparameters'
import { orderOfNoise, orders } from '#model/objectives/order'

/**
 * The order [N] that a person chose. Random ones come from their seed, drawn ones begin with the drawn patches and go on
 * row by row.
 */
export function chosenOrder(h: Hyperparameters, choice: OrderChoice): Int32Array {
  const count = patchCount(h)
  switch (choice.kind) {
    case 'random':
      return orders({ ...h, order: 'stochastic' }, choice.seed, 0, [0])
    case 'raster':
      return orders({ ...h, order: 'raster' }, 0, 0, [0])
    case 'centre-out': {
      const grid = Math.sqrt(count)
      const middle = (grid - 1) / 2
      const distance = (patch: number) =>
        Math.hypot((patch % grid) - middle, Math.floor(patch / grid) - middle)
      return orderOfNoise(
        Array.from({ length: count }, (_, patch) => distance(patch)),
        count,
      )
    }
    case 'drawn': {
      const drawn = choice.patches.filter((patch) => patch < count)
      return Int32Array.from(new Set([...drawn, ...Array(count).keys()]))
    }
  }
}
