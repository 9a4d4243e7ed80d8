import { existsSync } from 'node:fs'

/** Whether the driver of an NVIDIA GPU is here: its own, or Windows's that Linux has within it. */
export const hasNvidiaDriver = () => existsSync('/proc/driver/nvidia/version') || existsSync('/dev/dxg')
