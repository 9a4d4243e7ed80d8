import { evenlySpread } from '#shared/spread'
import type { ImageFile, Manifest } from './manifest'

const fixedCount = 8

/** The images that a run's checkpoints are shown with, of those that it trains on: the same each time. */
export const fixedImages = (images: Manifest): ImageFile[] =>
  evenlySpread(images.indicesOf('train'), fixedCount).map((index) => images.at(index))
