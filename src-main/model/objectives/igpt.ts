import type { Objective } from './objective'
import { saim } from './saim'

/**
 * ViT-iGPT (paper, section 4.1; Chen et al. 2020): SAIM's own computation with what the settings settle, raster order and
 * neither query stream nor blur, so that each token's encoding predicts the patch after it.
 */
export const igpt: Objective = saim
