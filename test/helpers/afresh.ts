/** Before each file of unit tests, which share their process: modules, clock, surroundings and globals as they were. */
import { vi } from 'vitest'

vi.useRealTimers()
vi.unstubAllEnvs()
vi.unstubAllGlobals()
vi.resetModules()
