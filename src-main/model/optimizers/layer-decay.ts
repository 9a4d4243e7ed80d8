/** The layer of a weight: 0 the patch embedding, the class token, registers and learned positions, 1 .. depth the blocks, depth + 1 the head. */
export function layerOf(weight: string, depth: number): number {
  if (['cls_token', 'register_tokens', 'pos_embed'].includes(weight) || weight.startsWith('patch_embed.'))
    return 0
  const block = /^blocks\.(\d+)\./.exec(weight)?.[1]
  return block === undefined ? depth + 1 : Number(block) + 1
}

/** Share of the learning rate that a weight gets: decay^(depth + 1 - layer) (paper, Table 7; BEiT). */
export const layerScale = (weight: string, depth: number, decay: number) =>
  decay ** (depth + 1 - layerOf(weight, depth))
