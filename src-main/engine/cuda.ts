import { setEnvironment } from '#platform/environment'
import type { DeviceChoice } from '#shared/settings/hyperparameters'

/** What has NVIDIA's libraries see one GPU only, by its number in nvidia-smi, which counts by their slots. */
export const onGpu = (device: DeviceChoice): Record<string, string> =>
  device === 'auto' ? {} : { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: device }

/**
 * Has NVIDIA's libraries compute products of this process in float32. On Ampere and newer GPUs TensorFlow and onnxruntime round
 * their factors to TF32 by default. The libraries read the variable once, when they are loaded, and it goes before what a program
 * asks them for.
 */
export const forbidTf32 = (): void => setEnvironment({ NVIDIA_TF32_OVERRIDE: '0' })
