import type { ImageChoice } from '#shared/contract'
import { fileUrl } from '#ui/file-url'

/** The address of a small picture of an image that can be looked into. */
export const thumbnailUrl = ({ source: { kind, id }, path }: ImageChoice) =>
  fileUrl(`inspect/thumbnail/${kind}/${id}/${encodeURIComponent(path)}`)
