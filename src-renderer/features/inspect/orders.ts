import type { OrderChoice } from '#shared/contract'

/** The orders in which patches are predicted. */
export const orderTitles = {
  random: 'Random order',
  raster: 'Row by row',
  'centre-out': 'From the centre out',
  drawn: 'Drawn by hand',
} as const satisfies Record<OrderChoice['kind'], string>
