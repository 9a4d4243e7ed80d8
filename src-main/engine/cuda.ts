import { setEnvironment } from '#platform/environment'

/**
 * Has NVIDIA's libraries compute products of this process in float32. On Ampere and newer GPUs TensorFlow and onnxruntime round
 * their factors to TF32 by default. The libraries read the variable once, when they are loaded, and it goes before what a program
 * asks them for.
 */
export const forbidTf32 = (): void => setEnvironment({ NVIDIA_TF32_OVERRIDE: '0' })
