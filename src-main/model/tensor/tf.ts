/** tfjs-core with its gradients and chained ops, the one place where the model's code takes it from. */
export * from '@tensorflow/tfjs-core'

import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops'
import '@tensorflow/tfjs-core/dist/register_all_gradients'
