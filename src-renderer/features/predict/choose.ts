import type { Prediction } from '#shared/contract'

/** Which images are shown by how sure the classifier is of them. */
export const confidences = { all: 'All', unsure: 'Below 90%', doubtful: 'Below 60%' } as const
export type Confidence = keyof typeof confidences
const limits: Record<Confidence, number> = { all: Infinity, unsure: 0.9, doubtful: 0.6 }

/** An image of a prediction: its place there, the name of its class, and how sure the classifier is. */
export interface Predicted {
  id: string
  place: number
  path: string
  class: string
  confidence: number
}

/** The images that fit; by their paths, or, of those that are not sure, the least sure first. */
export function choose(
  { images, classes }: Prediction,
  wanted: { class: number | null; confidence: Confidence },
): Predicted[] {
  const found = images.flatMap(({ path, confidence, ...one }, place) =>
    (wanted.class === null || one.class === wanted.class) && confidence < limits[wanted.confidence]
      ? [{ id: String(place), place, path, class: classes[one.class]!, confidence }]
      : [],
  )
  return wanted.confidence === 'all' ? found : found.sort((a, b) => a.confidence - b.confidence)
}
