import type { StepFunction } from '#model/tensor/step'

/** What is asked of images alone, the same way in every engine and every format that it is exported to. */
export interface ImageModel {
  /** Side of its images in pixels. */
  imageSize: number
  /** images [B, S, S, 3], normalised -> the outputs. */
  step: StepFunction
  /** The outputs' names, and the shape of each for one image. */
  outputs: Record<string, number[]>
}
