import type { ImageChoice } from '#shared/contract'
import { fileUrl } from '#ui/file-url'

/** The address of the thumbnail of an image to inspect. */
export const thumbnailUrl = ({ source: { kind, id }, path }: ImageChoice) =>
  fileUrl(`inspect/thumbnail/${kind}/${id}/${encodeURIComponent(path)}`)
