import { AppError } from '#shared/errors'

/** Where a vision transformer begins: its patch embedding, under the names of timm or Hugging Face. */
const patchEmbedding =
  /^((?:.*\.)?)(?:patch_embed\.proj|embeddings\.patch_embeddings(?:\.projection)?)\.weight$/s

/** Of several models in one file the one that the method evaluates is meant, not its copy in training. */
const rank = (root: string) => {
  if (/(^|\.)(teacher|target_encoder)\./.test(root)) return 0
  return /(^|\.)(student|momentum_\w+|ema|\w+_ema)\./.test(root) ? 2 : 1
}

/**
 * What stands before the names of a model's weights, such as `module.` or `teacher.backbone.`: dictionaries around them,
 * wrappers of training, parts of a larger model. Throws AppError weights-misfit where the names are no vision transformer's,
 * or those of several.
 */
export function rootOf(names: string[]): string {
  const roots = [...new Set(names.flatMap((name) => patchEmbedding.exec(name)?.[1] ?? []))]
  const best = roots.filter((root) => rank(root) === Math.min(...roots.map(rank)))
  if (best.length === 1) return best[0]!
  if (best.length > 1)
    throw new AppError(
      'weights-misfit',
      `The file holds several models: ${best.slice(0, 5).join(', ')}${best.length > 5 ? ' …' : ''}.`,
      'Save the state_dict() of the one that is meant to a file of its own.',
    )
  const isPart = names.some((name) => /(^|\.)(blocks|encoder\.layer)\.\d+\./.test(name))
  throw new AppError(
    'weights-misfit',
    isPart
      ? 'The file holds blocks of a transformer, but no patch embedding as that of a ViT: it is one part of a model, or another kind.'
      : 'The file holds no weights of a vision transformer.',
    'Choose a checkpoint of SAIM, MAE, timm or Hugging Face ViT.',
  )
}
